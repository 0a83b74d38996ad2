import type { Camera, Size } from '../camera';
import type { Box } from '../scene';
import { rgb, type Palette } from '../theme';
import { Program, Rows, type Gl } from './program';
import * as shaders from './shaders';

/** Floats of a link in its texture: three texels. */
export const LINK_FLOATS = 12;
const LINKS_A_ROW = 256;
const STYLE = { region: 0, plate: 1, zone: 2 } as const;

/**
 * Draws what it was last given. All but the dots is drawn once into a picture of its own, the ground, and copied from there,
 * so that a frame in which only dots move costs little even without a graphics card. The ground's alpha says where dots
 * would be seen: they pass behind nodes and words.
 */
export class Renderer {
  private readonly gl: Gl;
  private links!: Program;
  private dots!: Program;
  private nodes!: Program;
  private tails!: Program;
  private boxes!: Program;
  private words!: Program;
  private copy!: Program;
  private dotRows!: Rows;
  private nodeRows!: Rows;
  private tailRows!: Rows;
  private areaRows!: Rows;
  private plateRows!: Rows;
  private linkTexture!: WebGLTexture;
  private ground!: WebGLFramebuffer;
  private groundTexture!: WebGLTexture;
  private wordTexture!: WebGLTexture;
  private empty!: WebGLVertexArrayObject;
  private linkCount = 0;
  private linkRoom = 0;
  private size: Size = { width: 1, height: 1 };
  private ratio = 1;
  private palette!: Palette;

  constructor(canvas: HTMLCanvasElement) {
    const gl = canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, powerPreference: 'high-performance' });
    if (!gl) throw new Error('This browser has no WebGL 2, which the map is drawn with.');
    this.gl = gl;
    this.build();
  }

  /** Everything on the card; called again when the card was lost and is back. */
  build(): void {
    const { gl } = this;
    this.links = new Program(gl, shaders.LINK_VERTEX, shaders.LINK_FRAGMENT);
    this.dots = new Program(gl, shaders.DOT_VERTEX, shaders.DOT_FRAGMENT);
    this.nodes = new Program(gl, shaders.NODE_VERTEX, shaders.NODE_FRAGMENT);
    this.tails = new Program(gl, shaders.TAIL_VERTEX, shaders.TAIL_FRAGMENT);
    this.boxes = new Program(gl, shaders.BOX_VERTEX, shaders.BOX_FRAGMENT);
    this.words = new Program(gl, shaders.WHOLE_VERTEX, shaders.TEXT_FRAGMENT);
    this.copy = new Program(gl, shaders.WHOLE_VERTEX, shaders.COPY_FRAGMENT);
    this.dotRows = new Rows(gl, this.dots, [['aDot', 3]], false);
    this.nodeRows = new Rows(gl, this.nodes, [['aPlace', 4], ['aLook', 4]], true);
    this.tailRows = new Rows(gl, this.tails, [['aPlace', 4], ['aTail', 2]], true);
    this.areaRows = new Rows(gl, this.boxes, [['aRect', 4], ['aStyle', 2]], true);
    this.plateRows = new Rows(gl, this.boxes, [['aRect', 4], ['aStyle', 2]], true);
    this.linkTexture = texture(gl);
    this.groundTexture = texture(gl);
    this.wordTexture = texture(gl);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    this.ground = gl.createFramebuffer();
    this.empty = gl.createVertexArray();
    this.linkRoom = 0;
    gl.enable(gl.BLEND);
  }

  resize(size: Size, ratio: number): void {
    const { gl } = this;
    this.size = size;
    this.ratio = ratio;
    const [w, h] = [Math.max(1, Math.round(size.width * ratio)), Math.max(1, Math.round(size.height * ratio))];
    gl.canvas.width = w;
    gl.canvas.height = h;
    gl.bindTexture(gl.TEXTURE_2D, this.groundTexture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, w, h, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.ground);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.groundTexture, 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
  }

  setBoxes(boxes: readonly Box[]): void {
    this.areaRows.set(boxData(boxes.filter((box) => box.kind === 'region')));
    this.plateRows.set(boxData(boxes.filter((box) => box.kind !== 'region')));
  }

  /** `LINK_FLOATS` floats for each of `count` links; the array has room for whole rows of the texture. */
  setLinks(data: Float32Array, count: number): void {
    const { gl } = this;
    const rows = Math.max(1, Math.ceil(count / LINKS_A_ROW));
    const width = LINKS_A_ROW * 3;
    gl.bindTexture(gl.TEXTURE_2D, this.linkTexture);
    if (rows > this.linkRoom) {
      this.linkRoom = rows;
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, rows, 0, gl.RGBA, gl.FLOAT, null);
    }
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, width, rows, gl.RGBA, gl.FLOAT, data, 0);
    this.linkCount = count;
  }

  static linkArray(count: number): Float32Array {
    return new Float32Array(Math.max(1, Math.ceil(count / LINKS_A_ROW)) * LINKS_A_ROW * LINK_FLOATS);
  }

  setDots(data: Float32Array): void {
    this.dotRows.set(data);
  }

  setNodes(data: Float32Array, tails: Float32Array): void {
    this.nodeRows.set(data);
    this.tailRows.set(tails);
  }

  /** Names and numbers, as somebody wrote them on a canvas of the same size. */
  setWords(canvas: HTMLCanvasElement): void {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.wordTexture);
    // Set for this alone: it would multiply the numbers of the links, too.
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, canvas);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  }

  /** All but the dots, into the picture that every frame begins with. */
  drawGround(camera: Camera): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.ground);
    this.viewport();
    const [r, g, b] = rgb(this.palette.ground);
    gl.clearColor(r, g, b, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.blendFuncSeparate(gl.ONE, gl.ONE_MINUS_SRC_ALPHA, gl.ZERO, gl.ONE);
    this.drawBoxes(this.areaRows, camera);
    if (this.linkCount > 0) this.drawLinks(camera);
    gl.blendFuncSeparate(gl.ONE, gl.ONE_MINUS_SRC_ALPHA, gl.ZERO, gl.ONE_MINUS_SRC_ALPHA);
    this.drawBoxes(this.plateRows, camera);
    this.drawTails(camera);
    this.drawNodes(camera);
    this.drawWords();
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  /** One frame; `since` are seconds since the links were set. */
  drawFrame(camera: Camera, since: number, still: boolean): void {
    const { gl } = this;
    this.viewport();
    gl.disable(gl.BLEND);
    this.copy.use();
    this.over(this.groundTexture);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.drawDots(camera, since, still);
  }

  private viewport(): void {
    this.gl.viewport(0, 0, this.gl.canvas.width, this.gl.canvas.height);
  }

  private begin(program: Program, camera: Camera): Program {
    program.use();
    this.gl.uniform4f(program.at('uCamera'), camera.x, camera.y, camera.zoom, this.ratio);
    this.gl.uniform2f(program.at('uSize'), this.size.width, this.size.height);
    return program;
  }

  private colors(program: Program, colors: Partial<Record<string, keyof Palette>>): void {
    for (const [name, key] of Object.entries(colors)) this.gl.uniform3f(program.at(name), ...rgb(this.palette[key!]));
  }

  private drawLinks(camera: Camera): void {
    const { gl } = this;
    const program = this.begin(this.links, camera);
    // Many links are short or far away: few corners are enough.
    const segments = this.linkCount > 1500 ? 10 : this.linkCount > 400 ? 16 : 28;
    gl.uniform1i(program.at('uSegments'), segments);
    this.colors(program, { uLine: 'line', uError: 'error' });
    gl.bindTexture(gl.TEXTURE_2D, this.linkTexture);
    gl.bindVertexArray(this.empty);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, (segments + 1) * 2, this.linkCount);
  }

  private drawDots(camera: Camera, since: number, still: boolean): void {
    const { gl } = this;
    if (this.dotRows.count === 0) return;
    const program = this.begin(this.dots, camera);
    gl.uniform1f(program.at('uSince'), since);
    gl.uniform1f(program.at('uStill'), still ? 1 : 0);
    gl.uniform1f(program.at('uScale'), Math.min(1.25, Math.max(0.56, 0.5 + camera.zoom * 0.5)));
    this.colors(program, { uOk: 'ok', uSlow: 'slow', uError: 'error', uRetry: 'retry' });
    gl.uniform1i(program.at('uGround'), 1);
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.groundTexture);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.linkTexture);
    gl.bindVertexArray(this.dotRows.array);
    gl.drawArrays(gl.POINTS, 0, this.dotRows.count);
  }

  private drawNodes(camera: Camera): void {
    const program = this.begin(this.nodes, camera);
    this.colors(program, {
      uSurface: 'surface', uTrack: 'track', uBusy: 'busy', uSlow: 'slow', uError: 'error', uAccent: 'accent', uSoft: 'soft',
    });
    this.quads(this.nodeRows);
  }

  private drawTails(camera: Camera): void {
    const program = this.begin(this.tails, camera);
    this.colors(program, { uSlow: 'slow', uError: 'error' });
    this.quads(this.tailRows);
  }

  private drawBoxes(rows: Rows, camera: Camera): void {
    if (rows.count === 0) return;
    const program = this.begin(this.boxes, camera);
    this.colors(program, { uArea: 'area', uAreaLine: 'areaLine', uSurface: 'surface', uTrack: 'track' });
    this.quads(rows);
  }

  private drawWords(): void {
    const { gl } = this;
    this.words.use();
    gl.uniform1f(this.words.at('uRows'), gl.canvas.height);
    this.over(this.wordTexture);
  }

  /** A picture over the whole canvas, with the program in use. */
  private over(picture: WebGLTexture): void {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, picture);
    gl.bindVertexArray(this.empty);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  private quads(rows: Rows): void {
    this.gl.bindVertexArray(rows.array);
    this.gl.drawArraysInstanced(this.gl.TRIANGLE_STRIP, 0, 4, rows.count);
  }
}

function boxData(boxes: readonly Box[]): Float32Array {
  const corner = { region: 22, plate: 14, zone: 8 };
  return Float32Array.from(boxes.flatMap(({ x, y, w, h, kind }) => [x, y, w, h, corner[kind], STYLE[kind]]));
}

function texture(gl: Gl): WebGLTexture {
  const made = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, made);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  for (const wrap of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, wrap, gl.CLAMP_TO_EDGE);
  return made;
}
