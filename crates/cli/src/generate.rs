//! `tarsier generate`.

use tarsier_generate::{Order, Shape};

use crate::args::{GenerateArgs, ShapeArg, SizeArgs};
use crate::failure::{Ending, Failure};
use crate::print;

pub(crate) fn generate(args: &GenerateArgs) -> Result<Ending, Failure> {
    let text = tarsier_generate::generate(&order(&args.shape));
    print(&text.map_err(|refusal| Failure::new(refusal.to_string()))?)?;
    Ok(Ending::Done)
}

fn order(shape: &ShapeArg) -> Order {
    let (shape, size, usual_services) = match shape {
        ShapeArg::Netflixoss { size, regions, zones } => {
            (Shape::NetflixOss { regions: *regions, zones: *zones }, size, 40)
        }
        ShapeArg::Hierarchy { size, continents, regions, zones } => {
            (Shape::Hierarchy { continents: *continents, regions: *regions, zones: *zones }, size, 200)
        }
        ShapeArg::Alibaba { size } => (Shape::Alibaba, size, 300),
        ShapeArg::Meta { size } => (Shape::Meta, size, 300),
    };
    let SizeArgs { services, instances, rate, seed } = *size;
    Order {
        shape,
        services: services.unwrap_or(usual_services),
        instances,
        rate_per_s: rate,
        seed,
        command: command(),
    }
}

/// As it was given, without what a shell would do with it.
fn command() -> String {
    let words: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().escape_default().to_string()).collect();
    format!("tarsier {}", words.join(" "))
}
