/** One line under the header when what is shown is not the newest: the server is away, or never was there. */
import { heardAt, unreachable } from "../../api/client";
import { liveState, retryAt, retryNow } from "../../api/live";
import { duration } from "../../lib/format";
import { Time } from "../../lib/text";
import { second, setRange, moving } from "../../lib/view";
import { range } from "../../lib/view";

export function Banners() {
  const lost = unreachable.value || (moving.value && liveState.value === "lost");
  if (!lost) return null;
  void second.value;
  const wait = Math.max(0, retryAt.value - Date.now());
  return (
    <div class="banner" role="status">
      <strong>Connection to the server lost.</strong>
      <span>
        {heardAt.value > 0 && <>Showing what was known at <Time value={heardAt.value} />. </>}
        {wait > 900 ? `Trying again in ${duration(Math.round(wait / 1000) * 1000)}.` : "Trying again…"}
      </span>
      <button type="button" onClick={() => { retryNow(); setRange(range.peek()); }}>Try now</button>
    </div>
  );
}
