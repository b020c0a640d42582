/**
 * Every view is a URL: a path and a query. The page reads it from one signal and changes it through `go` and
 * `patch`; nothing about a view is kept anywhere else, so any address can be sent to somebody.
 */
import { computed, signal } from "@preact/signals";

export type Params = Readonly<Record<string, string | number | readonly string[] | null | undefined>>;

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

export function readPlace(href: string): Place {
  const url = new URL(href, "http://heapwatch.invalid");
  return { path: url.pathname.replace(/(.)\/+$/, "$1"), query: url.searchParams };
}

/** A query with some parameters replaced; null, undefined and "" take one away. Order is kept, so links are stable. */
export function merged(query: URLSearchParams, changes: Params): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    const values = Array.isArray(value) ? (value as readonly string[]) : [value as string | number | null | undefined];
    for (const one of values) if (one !== null && one !== undefined && one !== "") next.append(name, String(one));
  }
  return next;
}

/** `%2F` and `%3A` are legal in a query as they are; an address is easier to read with them plain. */
export function written(path: string, query: URLSearchParams): string {
  const text = query.toString().replace(/%2F/g, "/").replace(/%3A/g, ":").replace(/%2C/g, ",");
  return text ? `${path}?${text}` : path;
}

const KEPT_BETWEEN_PAGES = ["from", "to"];

export const place = signal<Place>(readPlace(typeof location === "undefined" ? "/" : location.href));
export const path = computed(() => place.value.path);
export const query = computed(() => place.value.query);

/** A link to another page: the time range goes along. */
export function link(to: string, params: Params = {}): string {
  const kept = new URLSearchParams();
  for (const name of KEPT_BETWEEN_PAGES) for (const value of query.value.getAll(name)) kept.append(name, value);
  return written(to, merged(kept, params));
}

/** The present view with some parameters changed. */
export function here(changes: Params): string {
  return written(place.value.path, merged(place.value.query, changes));
}

export function go(href: string, how: "push" | "replace" = "push"): void {
  const samePage = readPlace(href).path === place.value.path;
  if (how === "replace") history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  place.value = readPlace(location.href);
  if (!samePage) scrollTo(0, 0);
}

/** Typing and sorting replace; a choice one would want to go back from pushes. */
export function patch(changes: Params, how: "push" | "replace" = "replace"): void {
  const href = here(changes);
  if (href !== location.pathname + location.search) go(href, how);
}

/** Follows plain clicks on links to our pages without a page load; everything else stays the browser's. */
export function followLinks(root: Document): () => void {
  const onClick = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = (event.target as Element | null)?.closest("a");
    if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.origin !== location.origin) return;
    if (/^\/(api|docs|openapi\.json|metrics|assets)/.test(anchor.pathname)) return;
    if (anchor.hash && anchor.pathname === location.pathname && anchor.search === location.search) return;
    event.preventDefault();
    go(anchor.pathname + anchor.search);
  };
  const onPop = () => {
    place.value = readPlace(location.href);
  };
  root.addEventListener("click", onClick);
  addEventListener("popstate", onPop);
  return () => {
    root.removeEventListener("click", onClick);
    removeEventListener("popstate", onPop);
  };
}
