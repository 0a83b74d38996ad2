/** What all vertex shaders share: the camera, and links as rows of a texture, three texels each. */
const CAMERA = `#version 300 es
precision highp float;
uniform vec4 uCamera;   // middle of what is seen, pixels to a unit, device pixels to a pixel
uniform vec2 uSize;     // of the canvas, in pixels
vec2 toPixels(vec2 p) { return (p - uCamera.xy) * uCamera.z; }
vec4 toClip(vec2 q) { return vec4(q.x * 2.0 / uSize.x, -q.y * 2.0 / uSize.y, 0.0, 1.0); }
`;

const CURVE = `
uniform highp sampler2D uLinks;
vec4 linkTexel(int link, int k) { return texelFetch(uLinks, ivec2((link & 255) * 3 + k, link >> 8), 0); }
// The same as in curve.ts.
void curve(vec4 ends, float bend, float t, out vec2 p, out vec2 d) {
  vec2 c1 = ends.xy + (bend < 0.0 ? vec2(-bend, bend * 1.3) : vec2(bend, 0.0));
  vec2 c2 = ends.zw + (bend < 0.0 ? vec2(bend, bend * 1.3) : vec2(-bend, 0.0));
  float s = 1.0 - t;
  p = s * s * s * ends.xy + 3.0 * s * s * t * c1 + 3.0 * s * t * t * c2 + t * t * t * ends.zw;
  d = s * s * (c1 - ends.xy) + 2.0 * s * t * (c2 - c1) + t * t * (ends.zw - c2);
}
`;

const FRAGMENT = `#version 300 es
precision highp float;
out vec4 oColor;
`;

export const LINK_VERTEX = `${CAMERA}${CURVE}
uniform int uSegments;
uniform vec3 uLine, uError;
out float vSide;
out float vT;
flat out float vHalf;
flat out vec4 vInk;
flat out float vStub;
void main() {
  vec4 look = linkTexel(gl_InstanceID, 1);   // bend, width, alpha, share of errors
  if (look.z <= 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec4 ends = linkTexel(gl_InstanceID, 0);
  vT = float(gl_VertexID >> 1) / float(uSegments);
  vec2 p, d;
  curve(ends, look.x, vT, p, d);
  vHalf = look.y * 0.5;
  float side = float(gl_VertexID & 1) * 2.0 - 1.0;
  vSide = side * (vHalf + 1.0);
  vec2 n = normalize(vec2(-d.y, d.x) + vec2(0.0, 1e-6));
  vInk = vec4(mix(uLine, uError, look.w), look.z);
  vStub = linkTexel(gl_InstanceID, 2).w;
  gl_Position = toClip(toPixels(p) + n * vSide);
}`;

export const LINK_FRAGMENT = `${FRAGMENT}
in float vSide;
in float vT;
flat in float vHalf;
flat in vec4 vInk;
flat in float vStub;
void main() {
  float cover = clamp(vHalf + 0.5 - abs(vSide), 0.0, 1.0) * min(1.0, vHalf * 2.0);
  float ends = max(smoothstep(0.10, 0.02, vT), smoothstep(0.90, 0.98, vT));
  float a = vInk.a * cover * mix(1.0, ends, vStub);
  oColor = vec4(vInk.rgb * a, a);
}`;

export const DOT_VERTEX = `${CAMERA}${CURVE}
in vec3 aDot;          // link, phase, kind
uniform float uSince;  // seconds since the links were written
uniform float uScale;
flat out float vKind;
flat out vec2 vAlong;
flat out float vAlpha;
flat out float vPixels;
void main() {
  int link = int(aDot.x);
  vec4 run = linkTexel(link, 2);             // travelled, speed, alpha, stub
  vec4 look = linkTexel(link, 1);
  float t = fract(aDot.y + run.x + run.y * uSince);
  float seen = run.z * mix(1.0, max(smoothstep(0.12, 0.04, t), smoothstep(0.88, 0.96, t)), run.w);
  if (seen <= 0.01) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); gl_PointSize = 1.0; return; }
  vec2 p, d;
  curve(linkTexel(link, 0), look.x, t, p, d);
  vKind = aDot.z;
  vAlong = normalize(d + vec2(1e-6, 0.0));
  vAlpha = seen;
  float pixels = vKind < 0.5 ? 5.5 : vKind < 1.5 ? 13.0 : vKind < 2.5 ? 11.0 : 10.5;
  vPixels = pixels * uScale * uCamera.w;
  gl_PointSize = vPixels;
  gl_Position = toClip(toPixels(p));
}`;

export const DOT_FRAGMENT = `${FRAGMENT}
flat in float vKind;
flat in vec2 vAlong;
flat in float vAlpha;
flat in float vPixels;
uniform vec3 uOk, uSlow, uError, uRetry;
uniform float uStill;
uniform sampler2D uGround;   // its alpha is 0 where something lies over the links
void main() {
  vec2 q = gl_PointCoord * 2.0 - 1.0;
  q = vec2(dot(q, vAlong), dot(q, vec2(-vAlong.y, vAlong.x)));
  float edge = 2.0 / vPixels;
  float d;
  vec3 ink;
  if (vKind < 0.5) { ink = uOk; d = uStill > 0.5 ? max(abs(q.x) - 0.85, abs(q.y) - 0.3) : length(q) - 0.8; }
  else if (vKind < 1.5) { ink = uSlow; d = length(vec2(max(abs(q.x) - 0.55, 0.0), q.y)) - 0.34; }
  else if (vKind < 2.5) {
    d = (abs(q.x) + abs(q.y)) * 0.7071 - 0.6;
    // A bright heart: who does not see red sees this.
    ink = mix(uError, vec3(1.0), smoothstep(-0.24, -0.38, d) * 0.75);
  }
  else { ink = uRetry; d = abs(length(q) - 0.62) - 0.2; }
  float a = clamp(0.5 - d / edge, 0.0, 1.0) * vAlpha;
  if (a <= 0.0) discard;
  a *= texelFetch(uGround, ivec2(gl_FragCoord.xy), 0).a;
  oColor = vec4(ink * a, a);
}`;

export const WHOLE_VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(float(gl_VertexID & 1) * 2.0 - 1.0, float(gl_VertexID >> 1) * 2.0 - 1.0, 0.0, 1.0);
}`;

export const TEXT_FRAGMENT = `${FRAGMENT}
uniform sampler2D uText;
uniform float uRows;
void main() {
  oColor = texelFetch(uText, ivec2(gl_FragCoord.x, uRows - gl_FragCoord.y), 0);
  if (oColor.a <= 0.0) discard;
}`;

export const COPY_FRAGMENT = `${FRAGMENT}
uniform sampler2D uGround;
void main() { oColor = vec4(texelFetch(uGround, ivec2(gl_FragCoord.xy), 0).rgb, 1.0); }`;

export const NODE_VERTEX = `${CAMERA}
in vec4 aPlace;   // x, y, radius, alpha
in vec4 aLook;    // utilisation, share of errors, kind, flags
out vec2 vAt;
flat out float vR;
flat out float vAlpha;
flat out vec4 vLook;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 2.0 - 1.0;
  vR = max(aPlace.z * uCamera.z, 2.2);
  int flags = int(aLook.w);
  float reach = vR + (flags > 0 ? 15.0 : 6.0);
  vAt = corner * reach;
  vAlpha = aPlace.w;
  vLook = aLook;
  gl_Position = vAlpha <= 0.0 ? vec4(2.0, 2.0, 2.0, 1.0) : toClip(toPixels(aPlace.xy) + vAt);
}`;

/** Bits of a node's flags; the same numbers as in NODE_FRAGMENT. */
export const FLAG = { selected: 1, hovered: 2, found: 4, culprit: 8, hot: 16, down: 32 } as const;
/** Kinds of nodes as the shader knows them. */
export const SHAPE = { users: 0, service: 1, store: 2, group: 3, region: 4, instance: 5 } as const;

export const NODE_FRAGMENT = `${FRAGMENT}
in vec2 vAt;
flat in float vR;
flat in float vAlpha;
flat in vec4 vLook;
uniform vec4 uCamera;
uniform vec3 uSurface, uTrack, uBusy, uSlow, uError, uAccent, uSoft;
const float TURN = 6.2831853;
vec4 color = vec4(0.0);
void ink(vec3 c, float a) { a = clamp(a, 0.0, 1.0); color = vec4(c * a, a) + color * (1.0 - a); }
float fill(float d) { return clamp(0.5 - d * uCamera.w, 0.0, 1.0); }
float band(float l, float inner, float outer) { return fill(max(inner - l, l - outer)); }
void main() {
  float l = length(vAt);
  if (l > vR + 14.5) discard;
  int flags = int(vLook.w);
  int kind = int(vLook.z);
  float turn = atan(vAt.x, -vAt.y) / TURN;              // from the top, clockwise
  float clockwise = turn < 0.0 ? turn + 1.0 : turn;
  float rim = clamp(vR * 0.16, 1.6, 7.0);
  float dashes = smoothstep(0.35, 0.45, abs(fract(clockwise * 16.0) - 0.5));

  if ((flags & 8) != 0) {
    ink(uError, band(l, vR + 6.0, vR + 9.0));
    ink(uError, band(l, vR + 10.5, vR + 12.0));
  } else if ((flags & 16) != 0) ink(uSlow, band(l, vR + 6.0, vR + 8.5) * (1.0 - dashes));
  if ((flags & 1) != 0) ink(uAccent, band(l, vR + 2.5, vR + 5.0));
  else if ((flags & 2) != 0) ink(uAccent, band(l, vR + 2.5, vR + 4.0) * 0.7);
  else if ((flags & 4) != 0) ink(uAccent, band(l, vR + 2.5, vR + 4.5) * dashes);

  // The share of errors runs against the clock, outside the rim; the least that can be seen is shown of any.
  float err = vLook.y > 0.0005 ? max(vLook.y, 0.03) : 0.0;
  float body = vR - (err > 0.0 ? clamp(vR * 0.14, 1.6, 5.0) : 0.0);
  if (err > 0.0) ink(uError, band(l, body, vR + 1.0) * step(1.0 - err, clockwise));

  bool users = kind == 0;
  vec3 face = users ? mix(uSurface, uSoft, 0.55) : uSurface;
  ink(face, fill(l - body));
  float util = vLook.x;
  ink(uTrack, band(l, body - rim, body));
  if (util >= 0.0) {
    vec3 heat = util < 0.7 ? uBusy : mix(uSlow, uError, smoothstep(0.86, 0.93, util));
    ink(heat, band(l, body - rim, body) * step(clockwise, max(util, 0.004)));
  }
  float inner = body - rim;
  if (kind == 2 && inner > 4.0) {                        // a store: the rims of a cylinder
    float w = inner * 0.62;
    float x = vAt.x / w;
    float dip = sqrt(max(0.0, 1.0 - x * x)) * inner * 0.16;
    float side = step(abs(x), 1.0) * 0.9;
    ink(uSoft, fill(abs(vAt.y + inner * 0.66 - dip) - 0.5) * side * 0.8);
    ink(uSoft, fill(abs(vAt.y - inner * 0.50 - dip) - 0.5) * side * 0.8);
  }
  if (kind == 3 || kind == 4) ink(uTrack, band(l, inner - 4.0, inner - 2.5));
  if ((flags & 32) != 0) {                               // down: crossed out
    ink(uSurface, fill(l - body));
    ink(uError, band(l, body - 1.6, body) * 0.9);
    float cross = min(abs(vAt.x - vAt.y), abs(vAt.x + vAt.y)) * 0.7071;
    ink(uError, fill(max(cross - 1.0, l - body * 0.62)));
  }
  oColor = color * vAlpha;
  if (oColor.a <= 0.0) discard;
}`;

export const TAIL_VERTEX = `${CAMERA}
in vec4 aPlace;   // x, y, radius, alpha
in vec2 aTail;    // bars, how full the service is
out vec2 vAt;
flat out float vBars;
flat out float vHigh;
flat out float vAlpha;
flat out float vFull;
const float PITCH = 3.6;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
  float r = max(aPlace.z * uCamera.z, 2.2);
  vHigh = clamp(r * 0.62, 2.5, 15.0);
  vBars = aTail.x;
  vFull = aTail.y;
  vAlpha = aPlace.w;
  vAt = vec2(corner.x * ceil(aTail.x) * PITCH, (corner.y * 2.0 - 1.0) * vHigh);
  gl_Position = vAlpha <= 0.0 || r < 4.0 ? vec4(2.0) : toClip(toPixels(aPlace.xy) + vec2(-r - 5.0 - vAt.x, vAt.y));
}`;

export const TAIL_FRAGMENT = `${FRAGMENT}
in vec2 vAt;
flat in float vBars;
flat in float vHigh;
flat in float vAlpha;
flat in float vFull;
uniform vec3 uSlow, uError;
const float PITCH = 3.6;
void main() {
  float bar = floor(vAt.x / PITCH);
  float within = step(mod(vAt.x, PITCH), 2.2);
  float part = clamp(vBars - bar, 0.0, 1.0);
  float high = step(abs(vAt.y), vHigh * part);
  float a = within * high * vAlpha;
  if (a <= 0.0) discard;
  oColor = vec4(mix(uSlow, uError, vFull) * a, a);
}`;

export const BOX_VERTEX = `${CAMERA}
in vec4 aRect;
in vec2 aStyle;   // radius of corners, style
out vec2 vAt;
flat out vec2 vHalf;
flat out vec2 vStyle;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
  vHalf = aRect.zw * uCamera.z * 0.5;
  vAt = (corner * 2.0 - 1.0) * (vHalf + 2.0);
  vStyle = aStyle;
  gl_Position = toClip(toPixels(aRect.xy + aRect.zw * 0.5) + vAt);
}`;

export const BOX_FRAGMENT = `${FRAGMENT}
in vec2 vAt;
flat in vec2 vHalf;
flat in vec2 vStyle;
uniform vec4 uCamera;
uniform vec3 uArea, uAreaLine, uSurface, uTrack, uAccent;
void main() {
  float corner = min(vStyle.x, min(vHalf.x, vHalf.y));
  vec2 q = abs(vAt) - vHalf + corner;
  float d = length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - corner;
  int style = int(vStyle.y);
  vec3 face = style == 1 ? uSurface : uArea;
  vec3 line = style == 1 ? uTrack : uAreaLine;
  float inside = clamp(0.5 - d * uCamera.w, 0.0, 1.0) * (style == 2 ? 0.0 : 1.0);
  float rim = clamp(0.5 - (abs(d + 0.5) - 0.6) * uCamera.w, 0.0, 1.0) * (style == 2 ? 0.6 : 1.0);
  vec4 c = vec4(face * inside, inside);
  oColor = vec4(line * rim, rim) + c * (1.0 - rim);
}`;
