/** Above every page: where one is, the time range, whether it moves, and the colours. */
import { useState } from "preact/hooks";
import { clockIsOff } from "../../api/client";
import { liveState } from "../../api/live";
import { isAdmin, signInWays, signOut, who } from "../../api/session";
import { unseen } from "../../leaks/open";
import { later } from "../../lib/later";
import { link, path } from "../../lib/router";
import { plain } from "../../lib/text";
import { moving, paused, range, setRange, theme, toggleTheme } from "../../lib/view";
import { DEFAULT } from "../../lib/range";
import { helpShown } from "./keys";
import { RangePicker } from "./rangepicker";

const ChangePassword = later<{ onClose: () => void }>(() => import("./password"), true);
const PAGES: readonly { readonly path: string; readonly name: string; readonly admin?: boolean; readonly also?: string }[] = [
  { path: "/", name: "Fleet" },
  { path: "/leaks", name: "Leaks" },
  { path: "/monitors", name: "Monitors" },
  { path: "/workflows", name: "Workflows", also: "/runs/" },
  { path: "/verify", name: "Verify" },
  { path: "/class", name: "Classes" },
  { path: "/dashboards", name: "Dashboards" },
  { path: "/explore", name: "Explore" },
  { path: "/logs", name: "Logs" },
  { path: "/doors", name: "Agents & doors" },
  { path: "/users", name: "Users", admin: true },
];

export function Header() {
  const inside = signInWays.value === null;
  return (
    <header class="top">
      <a class="brand" href={link("/")} aria-label="heapwatch: all JVMs">
        <svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" class="brand-box" /><path d="M6 24h4v-5h4v-3h4v-4h4V7h4v17z" class="brand-steps" /></svg>
        heapwatch
      </a>
      {inside && <nav aria-label="Pages">
        {PAGES.filter((page) => !page.admin || isAdmin.value).map((page) => (
          <a key={page.path} href={link(page.path)} aria-current={path.value === page.path || path.value.startsWith(page.also ?? `${page.path}/`) ? "page" : undefined}>{page.name}{page.path === "/leaks" && <OpenLeaks />}</a>
        ))}
      </nav>}
      <span class="spacer" />
      {inside && <RangePicker />}
      {inside && <LiveButton />}
      <button type="button" class="icon" onClick={toggleTheme} title={`Switch to ${theme.value === "dark" ? "light" : "dark"} colours (t)`}>
        <span class={`glyph-theme ${theme.value}`} aria-hidden="true" />
        <span class="sr">Switch to {theme.value === "dark" ? "light" : "dark"} colours</span>
      </button>
      <button type="button" class="icon" onClick={() => (helpShown.value = true)} title="Keys and help (?)"><span aria-hidden="true">?</span><span class="sr">Keys and help</span></button>
      {inside && <Person />}
    </header>
  );
}

/** Who is looking, where that is anybody in particular. */
function Person() {
  const [changing, setChanging] = useState(false);
  const known = who.value;
  if (!known || known.kind === "anybody") return null;
  const may = known.role || known.scopes.join(", ");
  const name = <bdi>{plain(known.name)}</bdi>;
  return (
    <span class="person" role="group" aria-label="Signed in">
      {known.kind === "user"
        ? <button type="button" class="quiet" title={`${plain(known.name)}: ${may}. Click to change the password`} onClick={() => setChanging(true)}>{name}</button>
        : <span title={`${plain(known.name)}: ${may}${known.kind === "token" ? " (a token)" : ""}`}>{name}</span>}
      <button type="button" class="quiet" onClick={() => void signOut().catch(() => undefined)}>Sign out</button>
      {changing && <ChangePassword onClose={() => setChanging(false)} />}
    </span>
  );
}

/** How many leaks wait for somebody. */
function OpenLeaks() {
  const number = unseen.value.length;
  if (!number) return null;
  const sure = unseen.value.some((leak) => leak.state === "confirmed");
  return <span class="leak-count" data-sure={sure} title={`${number} open leak${number === 1 ? "" : "s"}`}>{number}<span class="sr"> open</span></span>;
}

const STATES = { off: "Paused", connecting: "Connecting", open: "Live", lost: "Offline" } as const;

function LiveButton() {
  const fixed = range.value.kind === "absolute";
  const state = moving.value ? liveState.value : "off";
  const title = fixed
    ? "A fixed range does not move. Click for the last hour, live (l)"
    : paused.value ? "Paused; click to follow again (l)" : "New samples move the charts; click to pause (l)";
  return (
    <button type="button" class="live" data-state={state} aria-pressed={moving.value} onClick={toggleLive} title={clockIsOff.value ? `${title}\nThis computer's clock is off; the server's is used.` : title}>
      <span class="dot" aria-hidden="true" />
      {STATES[state]}
    </button>
  );
}

export function toggleLive(): void {
  if (range.peek().kind === "absolute") {
    paused.value = false;
    setRange(DEFAULT);
  } else {
    paused.value = !paused.peek();
  }
}
