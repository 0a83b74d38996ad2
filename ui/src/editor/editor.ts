/** The editor of architecture files: what it knows of the language, the server tells it. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { linter, lintGutter, lintKeymap, type Diagnostic as Mark } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers, type Tooltip } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import * as api from '../api/client';
import type { Checked, Diagnostic } from '../api/types';

export interface Editor {
  text(): string;
  show(text: string): void;
  go(offset: number): void;
  dark(is: boolean): void;
  destroy(): void;
}

interface Calls {
  run(): void;
  checked(checked: Checked): void;
  changed(text: string): void;
}

const CHECK_AFTER_MS = 150;

export function edit(holder: HTMLElement, calls: Calls): Editor {
  const theme = new Compartment();
  let showing = false;
  const view = new EditorView({
    parent: holder,
    state: EditorState.create({
      extensions: [
        basics(calls),
        theme.of(EditorView.theme(LOOK)),
        linter((at) => check(at, calls), { delay: CHECK_AFTER_MS }),
        autocompletion({ override: [complete] }),
        hoverTooltip(hover),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !showing) calls.changed(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    show: (text) => {
      if (text === view.state.doc.toString()) return;
      showing = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      showing = false;
    },
    go: (offset) => {
      view.dispatch({ selection: { anchor: Math.min(offset, view.state.doc.length) }, scrollIntoView: true });
      view.focus();
    },
    dark: (is) => view.dispatch({ effects: theme.reconfigure(EditorView.theme(LOOK, { dark: is })) }),
    destroy: () => view.destroy(),
  };
}

function basics(calls: Calls) {
  const run = { key: 'Mod-s', preventDefault: true, run: () => (calls.run(), true) };
  return [
    lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(),
    highlightActiveLine(), highlightSelectionMatches(), search({ top: true }), indentUnit.of('  '), yaml(), syntaxHighlighting(COLOURS),
    EditorView.contentAttributes.of({ 'aria-label': 'Architecture file', tabindex: '0' }),
    keymap.of([run, ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
  ];
}

async function check(view: EditorView, calls: Calls): Promise<Mark[]> {
  const text = view.state.doc.toString();
  if (text.trim() === '') return [];
  const checked = await api.check(text).catch(() => null);
  if (!checked) return [];
  calls.checked(checked);
  return checked.diagnostics.map((it) => mark(it, view.state.doc.length));
}

function mark({ from, to, severity, code, message, label, hint }: Diagnostic, length: number): Mark {
  const start = Math.min(from, length);
  return { from: start, to: Math.min(Math.max(to, start), length), severity, source: code, message: [label ? `${message}: ${label}` : message, hint].filter(Boolean).join('\n') };
}

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const typed = context.matchBefore(/[\w/-]+/);
  if (!context.explicit && !typed) return null;
  const known = await api.complete(context.state.doc.toString(), context.pos).catch(() => null);
  if (!known?.options.length) return null;
  const options = known.options.map(({ label, detail, apply }) => ({ label, ...(detail ? { detail } : {}), ...(apply ? { apply } : {}) }));
  return { from: known.from, options, validFor: /^[\w/-]*$/ };
}

async function hover(view: EditorView, at: number): Promise<Tooltip | null> {
  const known = await api.hover(view.state.doc.toString(), at).catch(() => null);
  if (!known) return null;
  return { pos: known.from, end: known.to, above: true, create: () => ({ dom: tooltip(known.text) }) };
}

function tooltip(text: string): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'cm-about';
  dom.textContent = text;
  return dom;
}

const LOOK = {
  '&': { height: '100%', backgroundColor: 'var(--surface)', color: 'var(--text)', fontSize: '12px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-gutters': { backgroundColor: 'var(--surface)', color: 'var(--text-faint)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent-soft) 50%, transparent)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--accent-soft) !important' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line-strong)', borderRadius: '6px', color: 'var(--text)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--accent-text)' },
  '.cm-completionDetail': { color: 'var(--text-quiet)', fontStyle: 'normal' },
  '.cm-about': { maxWidth: '420px', padding: '6px 10px', whiteSpace: 'pre-wrap', fontFamily: 'var(--font)', fontSize: '13px' },
  '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--text)' },
};

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], fontWeight: '600' },
  { tag: [tags.comment], color: 'var(--text-faint)' },
  { tag: [tags.string, tags.content], color: 'color-mix(in srgb, var(--ok) 80%, var(--text))' },
  { tag: [tags.number, tags.bool, tags.keyword], color: 'color-mix(in srgb, var(--busy) 80%, var(--text))' },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: 'var(--text-quiet)' },
]);
