//! The stable codes of all diagnostics: one table, from which the reference page is made.

/// Declares the codes: `Name = "T001", "title", "explanation"`.
macro_rules! codes {
    ($($name:ident = $id:literal, $title:literal, $explanation:literal;)*) => {
        /// What kind of mistake a diagnostic is about. Codes never change their meaning.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code { $($name),* }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// `T011`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id),* }
            }

            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }

            /// What it means and what to do, for the reference.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $explanation),* }
            }
        }
    };
}

codes! {
    TooLarge = "T001", "the file is too large",
        "An architecture file has at most 16 MiB. One that is larger describes something else, or was generated: \
         give equal services one entry with more `instances`.";
    NotText = "T002", "the file is not text",
        "An architecture is a YAML (or JSON) file in UTF-8. This one holds bytes that no text has.";
    Syntax = "T003", "the YAML is broken",
        "The file cannot be read as YAML from this place on. The usual reasons: a line indented by a tab or by the \
         wrong number of spaces, a bracket or a quote that is never closed, a missing `:`.";
    Empty = "T004", "the file is empty",
        "There is nothing in the file, or only comments. The smallest architecture has `services` with one service.";
    SeveralDocuments = "T005", "several documents in one file",
        "A line `---` starts another YAML document. One file describes one architecture.";
    TooDeep = "T006", "nested too deeply",
        "Lists and mappings may stand inside each other 64 deep. Give the inner steps an endpoint of their own and call it.";
    TooMuch = "T007", "too many values",
        "A file holds at most 2 million values, where an alias counts as much as all it stands for. This is how a small \
         file with anchors that repeat anchors is kept from filling the memory.";
    DuplicateKey = "T008", "a key is given twice",
        "A mapping has each key once. YAML has no order between the two, so neither could be said to win.";
    Tag = "T009", "a YAML tag",
        "Tags such as `!!str` or `!Ref` have no meaning here: the key says what its value must be.";
    Quotes = "T010", "quotes are missing",
        "A value with a comma inside `{ }` or `[ ]`, or with a colon and a space anywhere, is cut in pieces by YAML. \
         Put it in quotes: `{ work: \"lognormal(median=1ms, p99=4ms)\" }`.";
    UnknownKey = "T011", "an unknown key",
        "This object has no such key. The nearest right spelling is given, or all keys there are. Nothing is ever \
         ignored, so a misspelt timeout cannot silently be no timeout.";
    MissingKey = "T012", "a key is missing",
        "Something has to be said here that has no default.";
    WrongShape = "T013", "a value of the wrong shape",
        "A mapping, a list or a single value stands where another of these is needed.";
    Exclusive = "T014", "keys that exclude each other",
        "Of these keys exactly one can be given, because they say the same thing in two ways or different things.";
    NotYet = "T015", "not supported yet",
        "The key belongs to the language, but this version of Tarsier cannot simulate it yet. It refuses the file rather \
         than give you the result of another architecture.";
    ForeignFile = "T016", "a file of another tool",
        "What is in the file is of Docker Compose, Kubernetes, a tracer or another tool, so its mistakes as an architecture are not \
         told one by one. An architecture says who calls whom and how long each works.";
    BadQuantity = "T020", "not the quantity it should be",
        "A duration is written `50us`, `1.5ms`, `2s`, `3m`, `1h`; a rate `500/s`, `30/m`, `2/h`; a share `10%` or `0.1`; \
         a size `512B`, `4KiB`, `8KB`, `1MiB`; a bandwidth `10Gbit/s` or `100MB/s`.";
    OutOfRange = "T021", "out of range",
        "The value is of the right kind, but too small or too large: a service has at least one instance and one core, \
         a share is at most 100%, a duration is never negative.";
    UnknownWord = "T022", "an unknown word",
        "Only certain words can stand here. The nearest right spelling is given, or all of them.";
    BadLaw = "T023", "not a distribution",
        "A distribution of durations is a bare duration or a function such as `exp(5ms)` with its parameters; the \
         reference lists them all.";
    BadSum = "T024", "shares that do not sum to 100%",
        "The shares of a mix, of a choice or of a mixture of distributions are parts of a whole.";
    BadOrder = "T025", "times that are not in order",
        "The points of a `shape` go forward in time.";
    BadFile = "T026", "a file of measured durations that cannot be used",
        "`empirical(file.csv)` reads one duration a line, with its unit, from a file beside the architecture. The path is \
         relative and does not lead out of the architecture's folder.";
    UnknownService = "T030", "an unknown service",
        "No service of this name is under `services`.";
    UnknownEndpoint = "T031", "an unknown endpoint",
        "The service has no endpoint of this name.";
    WhichEndpoint = "T032", "which endpoint?",
        "The service has several endpoints; say which: `web/home`.";
    UnknownZone = "T033", "an unknown zone or region",
        "No zone or region of this name is under `regions`; without `regions` there is `us-east-1` with the zones a, b and c.";
    UnknownWorkload = "T034", "an unknown workload",
        "No workload of this name is under `workload`.";
    BadObjective = "T035", "not an objective",
        "An objective is written `NAME METRIC OP VALUE`, such as `shoppers p99 < 250ms`.";
    BadName = "T036", "not a name",
        "A name has no spaces and no `/`, because it is used in paths such as `web/home` and in objectives.";
    UnknownName = "T037", "an unknown name",
        "Services, zones, regions or the users could stand here, and none of them is called so. Before a name may stand what \
         it is the name of: `zone a`, `service web`.";
    Ambiguous = "T038", "a name of several things",
        "A service and a zone, say, have this name. Write `service a` or `zone a`. Where a service is called `users`, that service \
         is meant, with a warning; the users of all workloads are `all users`.";
    DuplicateName = "T039", "a name is given twice",
        "Two things of a list have the same name, so what refers to it could mean either.";
    EndlessRecursion = "T040", "endless recursion",
        "The endpoint calls itself, directly or through others, so often that a request never ends. A cycle is fine when \
         a chance (`maybe`, `choose`, `cache`) ends it.";
    TooManySteps = "T041", "too many steps",
        "One endpoint may take at most 100,000 steps, every repetition counted, and one request may cause at most a \
         million calls.";
    Unsound = "T042", "a model that cannot run",
        "The model built from the file breaks one of its own rules. No file should get this far: please report it.";
    Contradiction = "T043", "settings that contradict each other",
        "Each of them is fine alone; together they cannot be meant: a hedge that comes after the timeout, a budget for no \
         retry, a least that is above the most.";
    Ineffective = "T044", "a protection that cannot work",
        "The way it is set, it would never do what it is for, or never stop: a breaker that never opens or never closes, a \
         budget into which nothing flows.";
    Deadlock = "T045", "requests that wait for themselves",
        "A request that holds a lock waits for the same lock again, or two locks are taken in one order here and in the other \
         there. It is an error where it always goes wrong, a warning where it can.";
    Forbidden = "T046", "a forbidden call",
        "The `segmentation` does not let the caller call this service: a rule denies it, or no rule allows it. If where instances \
         stand decides, one pair of zones is named; a `set` by which instances join in such a zone is told at its number. With \
         `enforce: runtime` such a call is no mistake, but refused when it is made.";
    Unreached = "T050", "a service that nobody calls",
        "No workload leads to this service, directly or through others. This is a warning: the run goes ahead, and the \
         service stays idle.";
    NoWorkload = "T051", "no workload",
        "Nobody sends requests, so a run has nothing to measure. This is a warning: `tarsier check` still draws the calls.";
    NoSuchCall = "T052", "a call that nobody makes",
        "The scenario strikes calls between two services that never call each other. This is a warning.";
    NoEffect = "T053", "a setting without effect",
        "Something else in the file always comes first, or there is nothing for this to change, so that it never comes to bear. \
         This is a warning: the numbers show which of the two to change.";
    ScaledAway = "T060", "scaled to nothing",
        "Spigo scales by whole numbers: a count of 6 at 10% is 0, and with a count of 0 a service has one instance for the whole \
         region, in no zone. This is a warning: Spigo's rule is kept.";
    ZoneHole = "T061", "a zone without an instance",
        "In Spigo, services of the packages karyon and zuul knew the instances of their own zone only, and requests to a service \
         without any there were dropped. This is a warning: here such calls go to another zone.";
    WrongRoot = "T062", "a root without traffic",
        "Spigo's traffic came from the last service of the file, whatever it is; other services of the package denominator got \
         none. This is a warning: the last service is kept as the root, so move the one that is meant to the end.";
    OddGraph = "T063", "a graph that Spigo did not draw",
        "The architecture that a graph of Spigo is taken back to, drawn again by Spigo's rule, gives other instances or edges. This \
         is a warning: what runs is the architecture that was found.";
}

impl Code {
    /// Whether a mistake of this kind stays one, whatever the rest of the file says.
    pub(crate) fn is_local(self) -> bool {
        use Code::*;
        matches!(
            self,
            DuplicateKey
                | Tag
                | Quotes
                | UnknownKey
                | NotYet
                | BadQuantity
                | OutOfRange
                | UnknownWord
                | BadLaw
                | BadOrder
                | BadFile
                | BadName
        )
    }
}
