//! The packages of Spigo: what each was, and what it does here.
//!
//! Spigo had no service times: its actors forwarded messages as fast as the host let them. These are typical values,
//! meant to be changed. Where they come from is in the guide, page «Spigo».

/// What a service of a package is made of.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: &'static str,
    /// For comments: «a load balancer».
    pub(super) meaning: &'static str,
    pub(super) kind: &'static str,
    pub(super) cores: Option<u32>,
    /// Its instances know only those of their own zone.
    pub(super) is_zone_local: bool,
    pub(super) role: Role,
    /// What an instance does for a read, before it calls anybody.
    pub(super) get: &'static [&'static str],
    /// And for a write.
    pub(super) put: &'static [&'static str],
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Goes on to one of the dependencies.
    Forwards,
    /// Reads what is there first: caches, then disks, clusters, databases; writes to each.
    AccessesData,
    /// Is answered; a write is copied to the others of a cluster.
    Stores,
    /// Goes to three replicas of the cluster, of which two must answer.
    Replicates,
    /// Is answered, and perhaps gossiped on.
    Gossips,
}

pub(super) const PACKAGES: &[Package] = &[
    Package {
        role: Role::Forwards,
        ..package("denominator", "a name service: sends users to what it depends on", "edge-dns")
    },
    Package {
        cores: Some(4),
        get: &["work: exp(500us)"],
        put: &["work: exp(500us)"],
        ..package("elb", "a load balancer", "load-balancer")
    },
    Package {
        cores: Some(2),
        is_zone_local: true,
        get: &["work: lognormal(median=2ms, p99=10ms)"],
        put: &["work: lognormal(median=2ms, p99=10ms)"],
        ..package("zuul", "a proxy that routes and filters", "gateway")
    },
    Package {
        cores: Some(2),
        is_zone_local: true,
        get: &["work: lognormal(median=6ms, p99=25ms)"],
        put: &["work: lognormal(median=6ms, p99=25ms)"],
        ..package("karyon", "a microservice", "service")
    },
    Package {
        cores: Some(2),
        get: &["work: lognormal(median=8ms, p99=40ms)"],
        put: &["work: lognormal(median=8ms, p99=40ms)"],
        ..package("monolith", "a web server that does everything itself", "service")
    },
    Package {
        cores: Some(4),
        role: Role::AccessesData,
        get: &["work: exp(2ms)"],
        put: &["work: exp(2ms)"],
        ..package(
            "staash",
            "a data access layer: caches first, then what lies behind them; writes to each",
            "service",
        )
    },
    Package {
        cores: Some(8),
        role: Role::Stores,
        get: &["work: gamma(mean=5ms, cv=1.5)", "{ maybe: 20%, do: [ { wait: exp(4ms) } ] }"],
        put: &["work: gamma(mean=5ms, cv=1)", "wait: 1ms + exp(2ms)"],
        ..package(
            "store",
            "a database: a fifth of the reads is not in memory, a write is on the disk",
            "store",
        )
    },
    Package {
        role: Role::Stores,
        get: &["work: exp(150us)"],
        put: &["work: exp(150us)"],
        ..package("cache", "answers from memory", "cache")
    },
    Package {
        role: Role::Stores,
        get: &["wait: exp(1.5ms)"],
        put: &["wait: exp(1.5ms)"],
        ..package("volume", "a network disk", "store")
    },
    Package {
        cores: Some(2),
        role: Role::Replicates,
        get: &["work: exp(300us)"],
        put: &["work: exp(300us)"],
        ..package(
            "priamCassandra",
            "a Cassandra cluster: any node coordinates, and goes on after a quorum",
            "replicated-store",
        )
    },
    Package {
        cores: Some(2),
        role: Role::Replicates,
        get: &["work: exp(300us)"],
        put: &["work: exp(300us)"],
        ..package(
            "riak",
            "a Riak cluster: any node coordinates, and goes on after a quorum",
            "replicated-store",
        )
    },
    Package {
        role: Role::Stores,
        get: &["work: exp(1ms)"],
        put: &["work: exp(1ms)"],
        ..package("eureka", "a registry", "service")
    },
    Package {
        role: Role::Gossips,
        get: &["work: exp(100us)"],
        put: &["work: exp(100us)"],
        ..package("pirate", "one of a crew: tells every second thing to a buddy", "service")
    },
];

const fn package(name: &'static str, meaning: &'static str, kind: &'static str) -> Package {
    Package {
        name,
        meaning,
        kind,
        cores: None,
        is_zone_local: false,
        role: Role::Forwards,
        get: &[],
        put: &[],
    }
}

pub(super) fn named(name: &str) -> Option<&'static Package> {
    PACKAGES.iter().find(|package| package.name == name)
}

/// What a service of this package and name is taken for: Spigo's files say `store` also of memcached and of EVCache.
pub(super) fn meant(package: &'static Package, service: &str) -> &'static Package {
    if package.name == "store" && service.to_lowercase().contains("cache") {
        named("cache").expect("it is in the table")
    } else {
        package
    }
}
