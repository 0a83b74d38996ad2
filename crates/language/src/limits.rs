//! Every limit on the input, in one place. What exceeds one gets a diagnostic, never a long wait.

/// Size of an architecture file in bytes.
pub const MAX_FILE_BYTES: usize = 16 << 20;
/// Size of a file of measured durations in bytes.
pub const MAX_SAMPLES_BYTES: usize = 64 << 20;
/// Files of measured durations.
pub const MAX_SAMPLE_FILES: usize = 100;
/// Lists and mappings inside each other.
pub const MAX_DEPTH: usize = 64;
/// Values in a file, each alias counted with all it stands for.
pub const MAX_NODES: usize = 2_000_000;
/// Names that are searched for one like a misspelt one.
pub const MAX_CANDIDATES: usize = 2_000;
/// Errors kept, and as many warnings; a file with more mistakes than this is helped with the first of them.
pub const MAX_DIAGNOSTICS: usize = 200;
/// Bytes of a message: of what is longer the middle is left out.
pub const MAX_MESSAGE: usize = 2_000;
/// How often the reading starts again after a value without its quotes.
pub const MAX_REPAIRS: usize = 20;
/// Characters of a name.
pub const MAX_NAME: usize = 200;
/// Distributions inside each other.
pub const MAX_LAW_DEPTH: usize = 16;
/// Parts of one distribution.
pub const MAX_LAW_PARTS: usize = 1_000;
/// Steps of one endpoint, with every repetition counted.
pub const MAX_UNROLLED_STEPS: u64 = 100_000;
/// Values that the default `fallback` may add to a file, each call counted.
pub const MAX_DEFAULT_FALLBACKS: u64 = 1_000_000;
/// Branches of one parallel step.
pub const MAX_BRANCHES: u64 = 60_000;
/// Repetitions of one `repeat` step.
pub const MAX_REPEATS: u64 = 100_000;
/// Instances of all services together.
pub const MAX_INSTANCES: u64 = 2_000_000;
pub const MAX_REGIONS: usize = 1_000;
pub const MAX_WORKLOADS: usize = 10_000;
/// Cores of an instance.
pub const MAX_CORES: u64 = 65_535;
/// Workers, places in a queue and the like.
pub const MAX_COUNT: u64 = 1_000_000_000;
/// Users of one closed workload.
pub const MAX_USERS: u64 = 10_000_000;
/// Requests a second of one workload: one a nanosecond.
pub const MAX_RATE: f64 = 1e9;
/// Factors of speed, load and slowness.
pub const MAX_FACTOR: f64 = 1e6;
/// Groups of a segmentation, and sets of independent services.
pub const MAX_GROUPS: usize = 1_000;
/// Rules of a segmentation: each call is held against all of them.
pub const MAX_RULES: usize = 1_000;
/// Members of all groups together, a kind counted as the services of that kind.
pub const MAX_MEMBERS: usize = 1_000_000;
/// Calls in the window of a breaker: each client instance remembers them one by one.
pub const MAX_BREAKER_CALLS: u64 = 1_000_000;
/// Copies of a key in a region, or answers that an access needs.
pub const MAX_COPIES: u64 = 1_000;
/// Keys of a replicated store.
pub const MAX_KEYS: u64 = 1_000_000;
/// Hedges of one request.
pub const MAX_HEDGES: u64 = 100;
