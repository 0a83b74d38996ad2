//! Exponential and normal numbers by the ziggurat of 256 layers: one random number and no transcendental
//! function for 99 draws of 100.
//!
//! Marsaglia & Tsang: The ziggurat method for generating random variables, J. Stat. Softw. 5(8), 2000; the
//! layer and the position in it come from different bits (Doornik 2005). The tables are computed by the
//! compiler, which has no library functions at hand: see [`crate::constant`].

use crate::constant;
use crate::num;
use crate::stream::Stream;

const LAYERS: usize = 256;
/// Positions in a layer are whole numbers below this.
const POSITIONS: f64 = (1u64 << 53) as f64;

/// Where the tail of the exponential begins, so that 256 layers of equal area reach exactly the top.
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
/// The area of each layer of the exponential: `(r + 1) exp(-r)`.
const EXPONENTIAL_AREA: f64 = 0.003_949_659_822_581_557;
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
/// The area of each layer of the normal: `r exp(-r²/2) + sqrt(π/2) erfc(r/√2)`.
const NORMAL_AREA: f64 = 0.004_928_673_233_974_655;

static EXPONENTIAL: Ziggurat = Ziggurat::new(Shape::Exponential, EXPONENTIAL_TAIL, EXPONENTIAL_AREA);
static NORMAL: Ziggurat = Ziggurat::new(Shape::Normal, NORMAL_TAIL, NORMAL_AREA);

#[inline]
pub(crate) fn exponential(stream: &mut Stream) -> f64 {
    let draw = Draw(stream.next_u64());
    let layer = &EXPONENTIAL.layers[draw.layer()];
    if draw.position() < layer.sure { draw.x(layer) } else { exponential_edge(draw, stream) }
}

#[inline]
pub(crate) fn normal(stream: &mut Stream) -> f64 {
    let draw = Draw(stream.next_u64());
    let layer = &NORMAL.layers[draw.layer()];
    if draw.position() < layer.sure { draw.signed(draw.x(layer)) } else { normal_edge(draw, stream) }
}

#[cold]
#[inline(never)]
fn exponential_edge(mut draw: Draw, stream: &mut Stream) -> f64 {
    let mut base = 0.0;
    loop {
        let layer = &EXPONENTIAL.layers[draw.layer()];
        let x = draw.x(layer);
        if draw.position() < layer.sure {
            return base + x;
        }
        if draw.layer() == 0 {
            // What is left beyond any point is the same exponential again.
            base += EXPONENTIAL_TAIL;
        } else if EXPONENTIAL.height(draw.layer(), stream.unit()) < num::exp(-x) {
            return base + x;
        }
        draw = Draw(stream.next_u64());
    }
}

#[cold]
#[inline(never)]
fn normal_edge(mut draw: Draw, stream: &mut Stream) -> f64 {
    loop {
        let layer = &NORMAL.layers[draw.layer()];
        let x = draw.x(layer);
        if draw.position() < layer.sure {
            return draw.signed(x);
        }
        if draw.layer() == 0 {
            return draw.signed(normal_tail(stream));
        }
        if NORMAL.height(draw.layer(), stream.unit()) < num::exp(-0.5 * x * x) {
            return draw.signed(x);
        }
        draw = Draw(stream.next_u64());
    }
}

/// Marsaglia: Generating a variable from the tail of the normal distribution, Technometrics 6(1), 1964.
fn normal_tail(stream: &mut Stream) -> f64 {
    loop {
        let x = exponential(stream) / NORMAL_TAIL;
        if 2.0 * exponential(stream) > x * x {
            return NORMAL_TAIL + x;
        }
    }
}

/// One random number, cut into 8 bits for the layer, one for the sign and 53 for the position.
#[derive(Clone, Copy)]
struct Draw(u64);

impl Draw {
    #[inline]
    fn layer(self) -> usize {
        (self.0 & 0xff) as usize
    }

    #[inline]
    fn position(self) -> u64 {
        self.0 >> 11
    }

    #[inline]
    fn x(self, layer: &Layer) -> f64 {
        self.position() as f64 * layer.scale
    }

    #[inline]
    fn signed(self, x: f64) -> f64 {
        f64::from_bits(x.to_bits() | ((self.0 & 0x100) << 55))
    }
}

#[derive(Clone, Copy)]
struct Layer {
    /// Positions below this one are under the curve for sure.
    sure: u64,
    /// The width of the layer over the number of positions.
    scale: f64,
}

struct Ziggurat {
    layers: [Layer; LAYERS],
    /// The curve at the right end of each layer, then at its top.
    heights: [f64; LAYERS + 1],
}

#[derive(Clone, Copy)]
enum Shape {
    Exponential,
    Normal,
}

impl Ziggurat {
    /// A height in this layer, uniform if `unit` is.
    fn height(&self, layer: usize, unit: f64) -> f64 {
        self.heights[layer] + unit * (self.heights[layer + 1] - self.heights[layer])
    }

    const fn new(shape: Shape, tail: f64, area: f64) -> Ziggurat {
        let mut layers = [Layer { sure: 0, scale: 0.0 }; LAYERS];
        let mut heights = [0.0; LAYERS + 1];
        // The lowest layer is a box as wide as its area demands; what lies beyond the tail's start is the
        // tail.
        let mut x = area / shape.height(tail);
        let mut next = tail;
        let mut i = 0;
        while i < LAYERS {
            layers[i] = Layer { sure: (next / x * POSITIONS) as u64, scale: x / POSITIONS };
            heights[i + 1] = shape.height(next);
            x = next;
            next = if i + 2 < LAYERS { shape.width(area / x + heights[i + 1]) } else { 0.0 };
            i += 1;
        }
        Ziggurat { layers, heights }
    }
}

impl Shape {
    const fn height(self, x: f64) -> f64 {
        match self {
            Shape::Exponential => constant::exp(-x),
            Shape::Normal => constant::exp(-0.5 * x * x),
        }
    }

    const fn width(self, height: f64) -> f64 {
        match self {
            Shape::Exponential => -constant::ln(height),
            Shape::Normal => constant::sqrt(-2.0 * constant::ln(height)),
        }
    }
}
