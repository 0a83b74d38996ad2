//! The first draws of every law, to the bit. If these change, so do the results of every simulation: that is
//! a breaking change, to be made on purpose or not at all.

use tarsier_random::{Sampler, Stream};

use crate::support::all_laws;

#[test]
fn first_draws_are_what_they_were() {
    let found: Vec<(&str, [u64; 3])> = all_laws()
        .iter()
        .map(|(name, law)| {
            let mut stream = Stream::named(42, &["golden", name], &[7]);
            let sampler = Sampler::new(law);
            (*name, [(); 3].map(|()| sampler.sample(&mut stream).to_bits()))
        })
        .collect();
    for (name, bits) in &found {
        println!("    (\"{name}\", [0x{:016x}, 0x{:016x}, 0x{:016x}]),", bits[0], bits[1], bits[2]);
    }
    assert_eq!(found, GOLDEN);
}

const GOLDEN: &[(&str, [u64; 3])] = &[
    ("constant", [0x413e848000000000, 0x413e848000000000, 0x413e848000000000]),
    ("exp", [0x412b9ceb7ea9a58b, 0x4129144cd1b9d4a8, 0x414c8beb5f44c8de]),
    ("uniform", [0x41319cc3b3bb598c, 0x413e401902814878, 0x4143c9a975b51470]),
    ("normal", [0x4154d5b81e09d122, 0x415418357b2a7b60, 0x4153c447cd553f0a]),
    ("normal cut", [0x4138ae80c2da2c46, 0x41413a6c3e4331e1, 0x4126ca6107f5c812]),
    ("lognormal", [0x4130c19480de175f, 0x411b52244ebe0c2c, 0x411daa63526f059d]),
    ("lognormal cv", [0x411ea1ba5607cb5d, 0x40e4a1c0d6f3a1ce, 0x41550b09d706adb6]),
    ("gamma", [0x415102219f6c2bee, 0x414a091e512e2bc0, 0x4150be471eecb4fb]),
    ("gamma below 1", [0x4072b6d99e3d9632, 0x4107daeca41be0b1, 0x413c496eeeb3e9cf]),
    ("erlang", [0x415e3f25ee1ed23d, 0x415ed05d69044508, 0x413d513d9e5d66ec]),
    ("erlang of many", [0x4150083bc98f94ac, 0x415626a2e461b61f, 0x41517f3ac31a2357]),
    ("hyperexp", [0x4147aee2c8733314, 0x4145fb109a8d4fc2, 0x41462097dad72aa0]),
    ("weibull", [0x4138d7a0ed8198ba, 0x4137cbb7f068fbae, 0x4182e6a1b42e0dd8]),
    ("pareto", [0x413060dc55b31d44, 0x41311c735ed4438a, 0x41308a56892bb495]),
    ("pareto cut", [0x413780df1ce7b2cb, 0x41523c21851d0bfb, 0x412f644efda4324a]),
    ("mix", [0x40fcc49359ecc89e, 0x412d3588354e42cc, 0x412399de65e5b7fd]),
    ("empirical", [0x412e848000000000, 0x413e848000000000, 0x412e848000000000]),
    ("shifted exp", [0x414192257560d8e5, 0x41441ca26e282298, 0x414429491a635884]),
    ("shifted lognormal", [0x41446032fa06ff06, 0x414396fa375cb0d6, 0x4143d2f5fcba0163]),
    ("sum", [0x414cd22746774f94, 0x4150deb122b3cee8, 0x413fe57c0430a610]),
];
