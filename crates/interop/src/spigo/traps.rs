//! What is true of an architecture of Spigo as a whole, and was never said by Spigo.

use tarsier_language::{Code, Diagnostic, limits};

use super::architecture::{Architecture, Dependency};
use super::expand::{cells, knows};
use super::package::Role;
use super::read::Reader;

impl Reader<'_> {
    pub(super) fn traps(&self, architecture: &Architecture) {
        self.circles(architecture);
        // What follows from mistakes need not be said.
        if self.sink.has_errors() {
            return;
        }
        self.too_many(architecture);
        self.idle_dependencies(architecture);
        self.holes(architecture);
        self.roots(architecture);
        self.unreached(architecture);
    }

    fn too_many(&self, architecture: &Architecture) {
        let n: u64 = architecture.services.iter().map(|service| service.n_instances()).sum();
        if let Some(last) = architecture.services.last().filter(|_| n > limits::MAX_INSTANCES) {
            let message = format!("{n} instances, of at most {}", limits::MAX_INSTANCES);
            self.report(Diagnostic::error(Code::OutOfRange, last.place, message));
        }
    }

    /// A request that is passed on in a circle never ends.
    fn circles(&self, architecture: &Architecture) {
        let n = architecture.services.len();
        let mut search = Search { architecture, states: vec![State::New; n], path: Vec::new() };
        for start in 0..n {
            let Some((circle, closing)) = search.visit(start) else { continue };
            let name = |at: &usize| format!("`{}`", architecture.services[*at].name);
            let way: Vec<String> = circle.iter().chain(circle.first()).map(name).collect();
            let message = format!("requests go round for ever: {}", way.join(" -> "));
            let diagnostic = Diagnostic::error(Code::EndlessRecursion, closing.place, message);
            self.report(diagnostic.hint("leave out one of these dependencies"));
        }
    }

    fn idle_dependencies(&self, architecture: &Architecture) {
        for (at, service) in architecture.services.iter().enumerate() {
            for dependency in &service.dependencies {
                let other = &architecture.services[dependency.on].name;
                let (message, hint) = match service.package.role {
                    Role::Stores | Role::Replicates if dependency.on != at => (
                        format!("`{}` does not call `{other}`", service.name),
                        format!("the package {} answers by itself", service.package.name),
                    ),
                    Role::Forwards | Role::AccessesData if dependency.on == at => (
                        format!("`{}` does not call itself", service.name),
                        format!(
                            "its instances know each other, but {} passes on to others",
                            service.package.name
                        ),
                    ),
                    _ => continue,
                };
                self.warn(Code::NoEffect, dependency.place, message, &hint);
            }
        }
    }

    fn holes(&self, architecture: &Architecture) {
        for (at, caller) in architecture.services.iter().enumerate() {
            for Dependency { on, place } in architecture.called_by(at) {
                let callee = &architecture.services[on];
                let there = cells(callee);
                let is_blind = |here| !there.iter().any(|there| knows(caller, here, callee, *there));
                let blind: u64 =
                    cells(caller).into_iter().filter(|here| is_blind(*here)).map(|it| it.n).sum();
                if blind > 0 {
                    let (all, caller, callee) = (caller.n_instances(), &caller.name, &callee.name);
                    let message =
                        format!("{blind} of {all} instances of `{caller}` find no `{callee}` in their zone");
                    let hint = "Spigo dropped their requests; here they go to another zone. It takes a `count` of at \
                                least 3 for an instance in every zone";
                    self.warn(Code::ZoneHole, place, message, hint);
                }
            }
        }
    }

    fn roots(&self, architecture: &Architecture) {
        let Some((root, others)) = architecture.services.split_last() else { return };
        for other in others.iter().filter(|other| other.package.name == "denominator") {
            let message = format!("`{}` gets no traffic", other.name);
            let hint = format!("it all goes to the last service of the file, `{}`", root.name);
            self.warn(Code::WrongRoot, other.place, message, &hint);
        }
        if root.package.name != "denominator" {
            let message =
                format!("the traffic goes to `{}`, which is of the package {}", root.name, root.package.name);
            let hint =
                "it goes to the last service of the file; Spigo sent any only if that was a denominator";
            self.warn(Code::WrongRoot, root.place, message, hint);
        }
    }

    fn unreached(&self, architecture: &Architecture) {
        let n = architecture.services.len();
        let mut is_reached = vec![false; n];
        let mut front: Vec<usize> = n.checked_sub(1).into_iter().collect();
        while let Some(at) = front.pop() {
            if !std::mem::replace(&mut is_reached[at], true) {
                front.extend(architecture.called_by(at).iter().map(|dependency| dependency.on));
            }
        }
        let services = architecture.services.iter().zip(is_reached);
        // Other roots have been told about.
        let idle = services.filter(|(service, reached)| !reached && service.package.name != "denominator");
        for (service, _) in idle {
            let message = format!("no request gets to `{}`", service.name);
            self.warn(
                Code::Unreached,
                service.place,
                message,
                "nothing that the last service calls leads to it",
            );
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnPath,
    Done,
}

/// A walk in depth without recursion: a file may have a path through very many services.
struct Search<'a> {
    architecture: &'a Architecture,
    states: Vec<State>,
    path: Vec<(usize, Vec<Dependency>)>,
}

impl Search<'_> {
    /// The first circle found from here, and the dependency that closes it.
    fn visit(&mut self, start: usize) -> Option<(Vec<usize>, Dependency)> {
        self.enter(start);
        let mut found = None;
        while let Some((at, left)) = self.path.last_mut() {
            let Some(next) = left.pop() else {
                self.states[*at] = State::Done;
                self.path.pop();
                continue;
            };
            if self.states[next.on] == State::OnPath {
                let from = self.path.iter().position(|(at, _)| *at == next.on).unwrap_or(0);
                let circle = self.path[from..].iter().map(|(at, _)| *at).collect();
                found = found.or(Some((circle, next)));
            } else {
                self.enter(next.on);
            }
        }
        found
    }

    fn enter(&mut self, at: usize) {
        if self.states[at] == State::New {
            self.states[at] = State::OnPath;
            let mut ahead: Vec<Dependency> = match self.architecture.services[at].package.role {
                // What is gossiped on ends by chance.
                Role::Gossips => Vec::new(),
                _ => self.architecture.called_by(at),
            };
            ahead.reverse();
            self.path.push((at, ahead));
        }
    }
}
