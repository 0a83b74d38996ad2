export type Gl = WebGL2RenderingContext;

/** A program with its uniforms by name. */
export class Program {
  readonly handle: WebGLProgram;
  private readonly places = new Map<string, WebGLUniformLocation | null>();

  constructor(private readonly gl: Gl, vertex: string, fragment: string) {
    this.handle = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(this.handle, shader);
      gl.deleteShader(shader);
    }
    gl.linkProgram(this.handle);
    if (!gl.getProgramParameter(this.handle, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`A shader of the map does not link: ${complaints(gl, this.handle)}`);
  }

  use(): this {
    this.gl.useProgram(this.handle);
    return this;
  }

  attribute(name: string): number {
    return this.gl.getAttribLocation(this.handle, name);
  }

  at(name: string): WebGLUniformLocation | null {
    let place = this.places.get(name);
    if (place === undefined) this.places.set(name, (place = this.gl.getUniformLocation(this.handle, name)));
    return place;
  }
}

function complaints(gl: Gl, program: WebGLProgram): string {
  const shaders = gl.getAttachedShaders(program) ?? [];
  return [gl.getProgramInfoLog(program), ...shaders.map((shader) => gl.getShaderInfoLog(shader))].join('\n');
}

/** Rows of floats on the card, drawn one instance (or one point) a row. */
export class Rows {
  readonly array: WebGLVertexArrayObject;
  private readonly buffer: WebGLBuffer;
  private room = 0;
  count = 0;

  constructor(private readonly gl: Gl, program: Program, readonly layout: readonly [name: string, floats: number][], instanced: boolean) {
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    const stride = this.floats * 4;
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    for (const [name, floats] of layout) {
      const place = program.attribute(name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, floats, gl.FLOAT, false, stride, offset);
      if (instanced) gl.vertexAttribDivisor(place, 1);
      offset += floats * 4;
    }
    gl.bindVertexArray(null);
  }

  get floats(): number {
    return this.layout.reduce((sum, [, floats]) => sum + floats, 0);
  }

  set(data: Float32Array): void {
    const { gl } = this;
    this.count = data.length / this.floats;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    if (data.byteLength > this.room) {
      this.room = Math.ceil(data.byteLength * 1.3);
      gl.bufferData(gl.ARRAY_BUFFER, this.room, gl.DYNAMIC_DRAW);
    }
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, data);
  }
}
