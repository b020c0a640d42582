/**
 * Rows of a long answer, fetched in chunks as they come into view; the server sorts, filters and counts. Another
 * view (filter, sort, …) starts anew; the same view at a later moment replaces what is in sight, in place.
 */
export interface Page<Row, Head> {
  readonly total: number;
  readonly rows: readonly Row[];
  readonly head: Head;
}
export type Fetch<Row, Head> = (offset: number, limit: number, abort: AbortSignal) => Promise<Page<Row, Head>>;

interface Chunk<Row> {
  rows: readonly Row[];
  moment: string;
}

export class Pager<Row, Head> {
  total: number | null = null;
  head: Head | null = null;
  error: unknown = null;
  /** What is shown belongs to the view before; the new one is on its way. */
  outdated = false;

  private chunks = new Map<number, Chunk<Row>>();
  private running = new Map<number, { abort: AbortController; moment: string }>();
  private view = "";
  private moment = "";
  private fetch: Fetch<Row, Head> | null = null;
  private first = 0;
  private lastWanted = 0;

  constructor(
    private readonly changed: () => void,
    readonly size = 100,
  ) {}

  row(index: number): Row | undefined {
    return this.chunks.get(Math.floor(index / this.size))?.rows[index % this.size];
  }

  get loading(): boolean {
    return this.running.size > 0;
  }

  /** True when the view is another one, so that the reader should be taken to its top. */
  show(view: string, moment: string, fetch: Fetch<Row, Head>): boolean {
    this.fetch = fetch;
    const other = view !== this.view;
    if (other) {
      this.cancel();
      this.outdated = this.total !== null;
      this.first = this.lastWanted = 0;
    }
    this.view = view;
    this.moment = moment;
    this.load();
    return other;
  }

  /** The rows in sight. */
  want(first: number, last: number): void {
    if (this.outdated) return;
    this.first = first;
    this.lastWanted = last;
    this.load();
  }

  retry(): void {
    this.error = null;
    this.load();
  }

  cancel(): void {
    for (const { abort } of this.running.values()) abort.abort();
    this.running.clear();
  }

  private load(): void {
    const from = Math.floor(this.first / this.size);
    const to = Math.floor(Math.max(this.first, this.lastWanted) / this.size);
    for (let number = from; number <= to; number++) this.loadChunk(number);
  }

  private loadChunk(number: number): void {
    const known = this.outdated ? undefined : this.chunks.get(number);
    if (!this.fetch || known?.moment === this.moment || this.running.has(number)) return;
    if (!this.outdated && this.total !== null && number > 0 && number * this.size >= this.total) return;
    const abort = new AbortController();
    const moment = this.moment;
    this.running.set(number, { abort, moment });
    this.fetch(number * this.size, this.size, abort.signal).then(
      (page) => {
        if (abort.signal.aborted) return;
        this.running.delete(number);
        this.take(number, page, moment);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        this.running.delete(number);
        this.error = error;
        this.changed();
      },
    );
  }

  private take(number: number, page: Page<Row, Head>, moment: string): void {
    if (this.outdated) this.chunks.clear();
    this.outdated = false;
    this.error = null;
    this.total = page.total;
    this.head = page.head;
    this.chunks.set(number, { rows: page.rows, moment });
    for (const key of this.chunks.keys()) if (key * this.size >= page.total) this.chunks.delete(key);
    this.changed();
    if (moment !== this.moment) this.load();
  }
}
