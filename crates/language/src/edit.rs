//! Changing a file's text where it has to change, and leaving the rest as somebody wrote it.

use crate::diagnostic::Sink;
use crate::happening::{flow, scalar_text};
use crate::tree::{self, Entry, Node};

/// The file with one more scenario, or another under that name. Each happening is one of the language, as in
/// `{ at: 3s, kill: { service: web } }`.
pub fn with_scenario(text: &str, name: &str, happenings: &[String]) -> String {
    let happenings: Vec<String> = happenings.iter().map(|happening| in_one_line(happening)).collect();
    let mut page = Page { text: text.to_owned(), newline: if text.contains("\r\n") { "\r\n" } else { "\n" } };
    let Some(root) = page.read() else {
        page.append_section(name, &happenings, "");
        return page.text;
    };
    if page.text[root.place.start..].starts_with(['{', '&']) {
        page.add_to_brackets(&root, name, &happenings);
        return page.text;
    }
    let Some(section) = root.get("scenarios") else {
        let indent = root.entries().and_then(<[Entry]>::first).map_or("", |first| page.indent(first));
        let indent = indent.to_owned();
        page.append_section(name, &happenings, &indent);
        return page.text;
    };
    page.add_to_section(&root, section, name, &happenings);
    page.text
}

fn in_one_line(happening: &str) -> String {
    let happening = happening.trim();
    let read = || tree::read(happening.as_bytes(), &Sink::default()).root.map(|node| flow(&node));
    let needs_it = happening.contains('\n') || !happening.starts_with('{');
    needs_it.then(read).flatten().unwrap_or_else(|| happening.to_owned())
}

/// What stands after a key.
enum Written {
    /// Where they open.
    Brackets(usize),
    /// `*name`, from where to where.
    Alias(usize, usize),
    Block,
    Nothing,
}

struct Page {
    text: String,
    newline: &'static str,
}

impl Page {
    fn read(&self) -> Option<Node> {
        let root = tree::read(self.text.as_bytes(), &Sink::default()).root;
        root.filter(|root| root.entries().is_some_and(|entries| !entries.is_empty()))
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Before a key that starts its line.
    fn indent(&self, entry: &Entry) -> &str {
        &self.text[self.line_start(entry.key.place.start)..entry.key.place.start]
    }

    fn append_section(&mut self, name: &str, happenings: &[String], indent: &str) {
        let end = self.end_of_block(self.text.len(), indent.len(), &["..."]);
        let newline = self.newline;
        let gap = if end == 0 { "" } else { newline };
        let scenario = self.block(name, happenings, &format!("{indent}  "));
        let before = if self.text[..end].ends_with('\n') || end == 0 { "" } else { newline };
        self.text.insert_str(end, &format!("{before}{gap}{indent}scenarios:{newline}{scenario}"));
    }

    fn add_to_section(&mut self, root: &Node, section: &Entry, name: &str, happenings: &[String]) {
        let start = section.key.place.start;
        let scenario = format!("{}: {}", scalar_text(name), list(happenings));
        match self.written(section) {
            Written::Brackets(_) => self.add_to_brackets(root, name, happenings),
            Written::Alias(from, to) => {
                let all = all_in_brackets(section, name, &scenario);
                self.text.replace_range(from..to, &all);
            }
            Written::Nothing => {
                let colon = self.colon_after(section);
                let said = self.text[colon..].split(['\n', '#']).next().unwrap_or("").trim_end().len();
                self.text.replace_range(colon..colon + said, &format!(" {{ {scenario} }}"));
            }
            Written::Block => {
                let root_indent = self.indent(section).len();
                let others = root.entries().unwrap_or(&[]).iter().map(|entry| entry.key.place.start);
                let next = others.filter(|other| *other > start).min();
                let end = next.map_or(self.text.len(), |next| self.line_start(next));
                let end = self.end_of_block(end, root_indent, if next.is_none() { &["..."] } else { &[] });
                self.add_to_block(section, end, name, happenings);
            }
        }
    }

    /// `end` is where the section ends.
    fn add_to_block(&mut self, section: &Entry, mut end: usize, name: &str, happenings: &[String]) {
        // What `<<` brings in stands elsewhere.
        let is_here = |entry: &&Entry| (section.key.place.end..end).contains(&entry.key.place.start);
        let mut entries: Vec<&Entry> =
            section.value.entries().unwrap_or(&[]).iter().filter(is_here).collect();
        entries.sort_by_key(|entry| entry.key.place.start);
        let indent = match entries.first() {
            Some(first) => self.indent(first).to_owned(),
            None => format!("{}  ", self.indent(section)),
        };
        if let Some(at) = entries.iter().position(|entry| entry.key.text == name) {
            let from = self.line_start(entries[at].key.place.start);
            let to = entries.get(at + 1).map_or(end, |next| {
                self.end_of_block(self.line_start(next.key.place.start), indent.len(), &[])
            });
            self.text.replace_range(from..to, "");
            end -= to - from;
        }
        let scenario = self.block(name, happenings, &indent);
        let before = if self.text[..end].ends_with('\n') { "" } else { self.newline };
        self.text.insert_str(end, &format!("{before}{scenario}"));
    }

    /// The file, or its scenarios, are written with brackets.
    fn add_to_brackets(&mut self, root: &Node, name: &str, happenings: &[String]) {
        let scenario = format!("{}: {}", scalar_text(name), list(happenings));
        let Some(section) = root.get("scenarios") else {
            let start = self.text[root.place.start..].find('{').map_or(0, |at| root.place.start + at);
            return self.insert_first(start, &format!("scenarios: {{ {scenario} }}"));
        };
        let Written::Brackets(start) = self.written(section) else {
            let colon = self.colon_after(section);
            let end = end_of_value(&self.text, colon);
            return self
                .text
                .replace_range(colon..end, &format!(" {}", all_in_brackets(section, name, &scenario)));
        };
        let same = section.value.get(name).filter(|same| same.key.place.start > start);
        if let Some(same) = same {
            let end = end_of_value(&self.text, same.key.place.start);
            let comma = usize::from(self.text[end..].starts_with(','));
            let from = self.text[..same.key.place.start].trim_end_matches(' ').len();
            self.text.replace_range(from..end + comma, "");
        }
        self.insert_first(start, &scenario);
    }

    /// Right after the bracket that opens.
    fn insert_first(&mut self, bracket: usize, text: &str) {
        let rest = &self.text[bracket + 1..];
        let end = match rest.trim_start().starts_with('}') {
            true if rest.starts_with('}') => " ",
            true => "",
            false => ",",
        };
        self.text.insert_str(bracket + 1, &format!(" {text}{end}"));
    }

    /// After the colon of a key.
    fn colon_after(&self, entry: &Entry) -> usize {
        let key = entry.key.place.end;
        self.text[key..].find(':').map_or(key, |at| key + at + 1)
    }

    fn written(&self, entry: &Entry) -> Written {
        let mut at = self.colon_after(entry);
        let is_null = entry.value.entries().is_none();
        loop {
            at = after_space(&self.text, at);
            let rest = &self.text[at..];
            let word = rest.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(rest.len());
            match rest.chars().next() {
                Some('{') => return Written::Brackets(at),
                Some('*') => return Written::Alias(at, at + word),
                Some('&') => at += word,
                _ if is_null => return Written::Nothing,
                _ => return Written::Block,
            }
        }
    }

    fn block(&self, name: &str, happenings: &[String], indent: &str) -> String {
        let newline = self.newline;
        if happenings.is_empty() {
            return format!("{indent}{}: []{newline}", scalar_text(name));
        }
        let lines = happenings.iter().map(|happening| format!("{indent}  - {happening}{newline}"));
        format!("{indent}{}:{newline}{}", scalar_text(name), lines.collect::<String>())
    }

    /// Back over what belongs to whatever follows: empty lines, and comments that stand no further right.
    fn end_of_block(&self, end: usize, indent: usize, markers: &[&str]) -> usize {
        let mut end = end;
        for line in self.text[..end].split_inclusive('\n').rev() {
            let words = line.trim();
            let column = line.len() - line.trim_start().len();
            let is_comment = words.starts_with('#') && column <= indent;
            if !(words.is_empty() || is_comment || markers.contains(&words)) {
                break;
            }
            end -= line.len();
        }
        end
    }
}

/// Those that an alias stands for, and the new one.
fn all_in_brackets(section: &Entry, name: &str, scenario: &str) -> String {
    let others = section.value.entries().unwrap_or(&[]).iter().filter(|entry| entry.key.text != name);
    let others = others.map(|entry| format!("{}: {}, ", scalar_text(&entry.key.text), flow(&entry.value)));
    format!("{{ {}{scenario} }}", others.collect::<String>())
}

fn list(happenings: &[String]) -> String {
    format!("[{}]", happenings.join(", "))
}

/// Behind blanks, line ends and comments.
fn after_space(text: &str, mut at: usize) -> usize {
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if !text[at..].starts_with('#') {
            return at;
        }
        at += text[at..].find('\n').unwrap_or(text.len() - at);
    }
}

/// Within brackets: the comma or bracket that ends what starts here.
fn end_of_value(text: &str, start: usize) -> usize {
    let mut depth = 0;
    let mut quote = None;
    let mut before = ' ';
    let mut in_comment = false;
    for (at, c) in text[start..].char_indices() {
        match (quote, c) {
            _ if in_comment => in_comment = c != '\n',
            (Some('"'), '"') if before == '\\' => {}
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if before.is_whitespace() || "[{,:".contains(before) => quote = Some(c),
            (None, '#') if before.is_whitespace() => in_comment = true,
            (None, '[' | '{') => depth += 1,
            (None, ',' | ']' | '}') if depth == 0 => return start + at,
            (None, ']' | '}') => depth -= 1,
            _ => {}
        }
        // A backslash that is escaped itself escapes nothing.
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    text.len()
}
