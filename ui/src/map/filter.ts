/**
 * Find and hide expressions: `err > 1% and name ~ cart`, `not (rate >= 2k or zone = a)`, or just `cart`.
 *
 *   expression = term { "or" term }      term = factor { ["and"] factor }
 *   factor = "not" factor | "(" expression ")" | field op value | word
 */

export interface Subject {
  name: string;
  zones: readonly string[];
  rate: number;
  err: number;
  util: number;
  queue: number;
  p99: number;
  instances: number;
}

export type Filter = (subject: Subject) => boolean;
export type Parsed = { ok: true; filter: Filter | null } | { ok: false; error: string; at: number };

const NUMBERS = ['rate', 'err', 'util', 'queue', 'p99', 'instances'] as const;
const TEXTS = ['name', 'zone'] as const;
type NumberField = (typeof NUMBERS)[number];
type TextField = (typeof TEXTS)[number];

const UNITS: Record<string, number> = {
  '': 1, '/s': 1, '%': 0.01, us: 1e-6, 'µs': 1e-6, ms: 1e-3, s: 1, m: 60, k: 1e3, 'k/s': 1e3, M: 1e6, 'M/s': 1e6,
};

interface Token {
  kind: 'word' | 'op' | 'open' | 'close' | 'end';
  text: string;
  at: number;
}

class Mistake extends Error {
  constructor(message: string, readonly at: number) {
    super(message);
  }
}

/** An empty text is no filter. */
export function parseFilter(text: string): Parsed {
  try {
    const tokens = tokenize(text);
    if (tokens.length === 1) return { ok: true, filter: null };
    return { ok: true, filter: new Parser(tokens).whole() };
  } catch (mistake) {
    if (mistake instanceof Mistake) return { ok: false, error: mistake.message, at: mistake.at };
    throw mistake;
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:(>=|<=|!=|!~|==|[<>=~])|(\()|(\))|"([^"]*)"|([^\s<>=~!()"]+)|(\S))/gy;
  let match: RegExpExecArray | null;
  let end = 0;
  while ((match = pattern.exec(text))) {
    end = pattern.lastIndex;
    const whole = match[0].trimStart();
    const at = end - whole.length;
    if (match[1]) tokens.push({ kind: 'op', text: match[1] === '==' ? '=' : match[1], at });
    else if (match[2]) tokens.push({ kind: 'open', text: '(', at });
    else if (match[3]) tokens.push({ kind: 'close', text: ')', at });
    else if (match[4] !== undefined || match[5]) tokens.push({ kind: 'word', text: match[4] ?? match[5]!, at });
    else throw new Mistake(whole === '"' ? 'this quote is not closed' : `“${whole}” means nothing here`, at);
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

class Parser {
  private next = 0;
  constructor(private readonly tokens: Token[]) {}

  whole(): Filter {
    const filter = this.either();
    const rest = this.peek();
    if (rest.kind === 'close') throw new Mistake('“)” closes nothing', rest.at);
    if (rest.kind !== 'end') throw new Mistake(`“${rest.text}” does not belong here; fields stand left: err > 1%`, rest.at);
    return filter;
  }

  private peek(): Token {
    return this.tokens[this.next]!;
  }

  private take(): Token {
    return this.tokens[this.next++]!;
  }

  private isWord(word: string): boolean {
    return this.peek().kind === 'word' && this.peek().text.toLowerCase() === word;
  }

  private either(): Filter {
    let left = this.both();
    while (this.isWord('or')) {
      this.take();
      left = or(left, this.both());
    }
    return left;
  }

  private both(): Filter {
    let left = this.one();
    for (;;) {
      if (this.isWord('and')) this.take();
      else if (this.isWord('or') || (this.peek().kind !== 'word' && this.peek().kind !== 'open')) return left;
      left = and(left, this.one());
    }
  }

  private one(): Filter {
    if (this.isWord('not')) {
      this.take();
      const inner = this.one();
      return (subject) => !inner(subject);
    }
    const token = this.take();
    if (token.kind === 'open') return this.inside(token);
    if (token.kind === 'end') throw new Mistake('something is missing at the end', token.at);
    if (token.kind !== 'word') throw new Mistake(`a field or a name is missing before “${token.text}”`, token.at);
    if (token.text.toLowerCase() === 'and' || token.text.toLowerCase() === 'or')
      throw new Mistake(`something is missing before “${token.text}”`, token.at);
    return this.peek().kind === 'op' ? this.comparison(token) : named(token.text);
  }

  private inside(open: Token): Filter {
    const filter = this.either();
    if (this.take().kind !== 'close') throw new Mistake('this “(” is not closed', open.at);
    return filter;
  }

  private comparison(field: Token): Filter {
    const op = this.take();
    const value = this.take();
    if (value.kind !== 'word') throw new Mistake(`a value is missing after “${op.text}”`, value.at);
    const name = field.text.toLowerCase();
    if ((NUMBERS as readonly string[]).includes(name)) return byNumber(name as NumberField, op, value);
    if ((TEXTS as readonly string[]).includes(name)) return byText(name as TextField, op, value);
    throw new Mistake(`there is no field “${field.text}”; fields are ${[...NUMBERS, ...TEXTS].join(', ')}`, field.at);
  }
}

function byNumber(field: NumberField, op: Token, value: Token): Filter {
  const bound = quantity(value, field);
  const tests: Record<string, (x: number) => boolean> = {
    '>': (x) => x > bound, '>=': (x) => x >= bound, '<': (x) => x < bound, '<=': (x) => x <= bound,
    '=': (x) => x === bound, '!=': (x) => x !== bound,
  };
  const test = tests[op.text];
  if (!test) throw new Mistake(`${field} is a number: compare it with > >= < <= = or !=`, op.at);
  return (subject) => test(subject[field]);
}

/** A bare number is what people mean: `err > 1` is one percent, `util > 80` eighty, `util > 0.8` too, `p99 > 2` two seconds. */
function quantity(token: Token, field: NumberField): number {
  const match = /^([0-9]*\.?[0-9]+)([a-zA-Zµ%/]*)$/.exec(token.text);
  const unit = match ? UNITS[match[2]!] : undefined;
  if (!match || unit === undefined) throw new Mistake(`“${token.text}” is no number; 1%, 250ms, 2k and 0.5 are`, token.at);
  const value = Number(match[1]) * unit;
  const percent = match[2] === '' && ((field === 'err' && value >= 1) || (field === 'util' && value > 1));
  return percent ? value / 100 : value;
}

function byText(field: TextField, op: Token, value: Token): Filter {
  const wanted = value.text.toLowerCase();
  const of = (subject: Subject): readonly string[] => (field === 'name' ? [subject.name] : subject.zones);
  const equal: Filter = (subject) => of(subject).some((text) => text.toLowerCase() === wanted || endsWith(text, wanted));
  const holds: Filter = (subject) => of(subject).some((text) => text.toLowerCase().includes(wanted));
  const tests: Record<string, Filter> = { '=': equal, '!=': (s) => !equal(s), '~': holds, '!~': (s) => !holds(s) };
  const test = tests[op.text];
  if (!test) throw new Mistake(`${field} is text: compare it with = != ~ or !~`, op.at);
  return test;
}

/** Zone `a` is zone `us-east-1/a` too. */
function endsWith(text: string, wanted: string): boolean {
  return text.toLowerCase().endsWith(`/${wanted}`);
}

function named(word: string): Filter {
  const wanted = word.toLowerCase();
  return (subject) => subject.name.toLowerCase().includes(wanted);
}

function and(a: Filter, b: Filter): Filter {
  return (subject) => a(subject) && b(subject);
}

function or(a: Filter, b: Filter): Filter {
  return (subject) => a(subject) || b(subject);
}
