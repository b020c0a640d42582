/**
 * CodeMirror as our editor: a chunk of its own, fetched when a query is to be written. What may come next and what
 * is wrong comes from the server; the colours here only tell words, texts and comments apart.
 *
 * It lives in a shadow root: in the page itself it would write <style> elements, which our content security policy
 * forbids; under a shadow root it adopts style sheets, which need no permission.
 */
import { acceptCompletion, autocompletion, completionKeymap, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState, Prec, RangeSetBuilder, type Extension } from "@codemirror/state";
import {
  Decoration, EditorView, ViewPlugin, drawSelection, keymap, lineNumbers, placeholder, type DecorationSet, type ViewUpdate,
} from "@codemirror/view";
import { tokens, type Language } from "./tokens";

export interface Completions {
  readonly from: number;
  readonly to: number;
  readonly items: readonly { readonly text: string; readonly kind: string; readonly detail?: string | null }[];
}

/** Characters `start` to `end` (end excluded), and what is wrong there. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

export interface EditorProps {
  readonly text: string;
  readonly label: string;
  readonly hint: string;
  readonly language: Language;
  readonly readOnly?: boolean;
  readonly onChange: (text: string) => void;
  readonly onRun: () => void;
  readonly onFormat?: () => void;
  readonly complete?: (text: string, position: number, abort: AbortSignal) => Promise<Completions>;
}

export interface Editor {
  readonly set: (text: string) => void;
  readonly mark: (marks: readonly Mark[]) => void;
  readonly insert: (text: string) => void;
  readonly goTo: (line: number) => void;
  readonly focus: () => void;
  readonly destroy: () => void;
}

const THEME = EditorView.theme({
  "&": { fontSize: "13px", color: "var(--text)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { padding: "6px 0", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": { backgroundColor: "var(--brush)" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line)", borderRadius: "6px", boxShadow: "var(--shadow)" },
  ".cm-tooltip-autocomplete ul li": { padding: "2px 8px", fontFamily: "var(--mono)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxHeight: "16em" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-text)" },
  ".cm-completionDetail": { fontStyle: "normal", color: "var(--muted)", marginLeft: "1.2em" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textUnderlineOffset: "3px" },
  ".tok-comment": { color: "var(--muted)" },
  ".tok-text": { color: "var(--good)" },
  ".tok-operator": { color: "var(--link)", fontWeight: "600" },
  ".tok-row": { color: "var(--up)", fontWeight: "600" },
  ".tok-key": { color: "var(--link)" },
  ".tok-number": { color: "var(--warn)" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--bad)" },
});

/** A query grows up to a part of the window; a text of many lines fills its place. */
const GROWING = EditorView.theme({ "&": { maxHeight: "min(320px, 42vh)" } });
const FILLING = EditorView.theme({ "&": { height: "100%" } });

/** One class for each kind of token, of what is in sight only. */
function colours(language: Language): Extension {
  const marks = new Map<string, Decoration>();
  const markOf = (kind: string) => {
    const known = marks.get(kind) ?? Decoration.mark({ class: `tok-${kind}` });
    marks.set(kind, known);
    return known;
  };
  const draw = (view: EditorView): DecorationSet => {
    const set = new RangeSetBuilder<Decoration>();
    for (const { from, to } of view.visibleRanges) {
      for (const token of tokens(view.state.sliceDoc(from, to), language)) set.add(from + token.start, from + token.end, markOf(token.kind));
    }
    return set.finish();
  };
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = draw(view);
      }
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = draw(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

const KINDS: Readonly<Record<string, string>> = { operator: "keyword", function: "function", label: "property", value: "text", class: "class", metric: "variable", keyword: "keyword", row: "namespace" };

function completion(props: () => EditorProps): Extension {
  return autocompletion({
    activateOnTypingDelay: 120,
    interactionDelay: 0,
    icons: false,
    override: [
      async (context): Promise<CompletionResult | null> => {
        const { complete } = props();
        if (!complete) return null;
        const abort = new AbortController();
        context.addEventListener("abort", () => abort.abort());
        try {
          const found = await complete(context.state.doc.toString(), context.pos, abort.signal);
          const options = found.items.map((item, index) => ({
            label: item.text, type: KINDS[item.kind] ?? "text", detail: item.detail || item.kind, boost: -index / 1000,
          }));
          return { from: found.from, to: found.to, options, filter: false };
        } catch {
          return null; // writing goes on without proposals
        }
      },
    ],
  });
}

export function mountEditor(host: HTMLElement, current: () => EditorProps): Editor {
  const props = current();
  const run = () => {
    current().onRun();
    return true;
  };
  const format = () => {
    current().onFormat?.();
    return true;
  };
  let setting = false;
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: props.text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }, { key: "Shift-Alt-f", run: format }, { key: "Tab", run: acceptCompletion }])),
        keymap.of([...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        history(),
        drawSelection(),
        placeholder(props.hint),
        completion(current),
        colours(props.language),
        THEME,
        props.language === "yaml" ? [lineNumbers(), FILLING] : [EditorView.lineWrapping, GROWING],
        EditorState.readOnly.of(props.readOnly ?? false),
        EditorView.contentAttributes.of({ "aria-label": props.label, spellcheck: "false", autocorrect: "off", tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !setting) current().onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  const clamp = (place: number) => Math.max(0, Math.min(view.state.doc.length, place));
  return {
    set(text) {
      if (text === view.state.doc.toString()) return;
      setting = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      setting = false;
    },
    mark(marks) {
      const found: Diagnostic[] = marks.map(({ start, end, message }) => {
        // The end of the text is no character; the last one stands for it.
        const to = clamp(Math.max(end, start + 1));
        return { from: Math.min(clamp(start), Math.max(0, to - 1)), to, severity: "error", message };
      });
      view.dispatch(setDiagnostics(view.state, found));
    },
    insert(text) {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    },
    goTo(line) {
      const { from } = view.state.doc.line(Math.max(1, Math.min(view.state.doc.lines, line)));
      view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
