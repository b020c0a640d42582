/** Who gets in: people, and the tokens of programs. For administrators. */
import { useEffect, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { isAdmin, who } from "../../api/session";
import type { MadeToken, TokenList, UserList, Who } from "../../api/types";
import { Filter } from "../../lib/controls";
import { link, patch, query } from "../../lib/router";
import { plain } from "../../lib/text";
import { now } from "../../lib/view";
import { People } from "./people";
import { Secret } from "./tokendialogs";
import { Tokens } from "./tokens";

const EVERY = 15_000; // ms: sign-ins and last uses appear by themselves

export default function Users() {
  const [made, setMade] = useState<MadeToken | null>(null);
  useEffect(() => {
    document.title = "Users & tokens · heapwatch";
    liveFilter.value = {};
  }, []);
  return (
    <>
      <Page onMade={setMade} />
      {made && <Secret made={made} onClose={() => setMade(null)} />}
    </>
  );
}

/** Whoever made the first token of a server is nobody to it from then on, so the secret is not this part's to show. */
function Page({ onMade }: { readonly onMade: (made: MadeToken) => void }) {
  const tick = Math.floor(now.value / EVERY);
  const asked = isAdmin.value ? {} : null;
  const users = useApi<UserList>("users", asked, tick);
  const tokens = useApi<TokenList>("tokens", asked, tick);
  const text = query.value.get("find") ?? "";
  if (who.value === null) return <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>;
  if (!isAdmin.value) return <Refused known={who.value} />;
  return (
    <section class="page users">
      <div class="bar">
        <h1>Users &amp; tokens</h1>
        <Filter label="Find" placeholder="name, role, scope or host" value={text} onChange={(find) => patch({ find })} />
        <span class="spacer" />
        <a class="button" href={link("/audit")}>What was changed</a>
      </div>
      <People answer={users} tokens={tokens.data?.tokens ?? null} text={text} />
      <Tokens answer={tokens} users={users.data?.users ?? null} text={text} onMade={onMade} />
    </section>
  );
}

function Refused({ known }: { readonly known: Who }) {
  return (
    <section class="blank">
      <h1>Users &amp; tokens are for administrators</h1>
      <p>{known.kind === "token"
        ? <>This page needs a token with the scope <code>admin</code>; <bdi>{plain(known.name)}</bdi> has {known.scopes.join(", ")}.</>
        : <>This page needs the role <code>admin</code>; you, <bdi>{plain(known.name)}</bdi>, have the role {plain(known.role)}. An administrator can change it.</>}</p>
      <p><a href={link("/")}>All JVMs</a></p>
    </section>
  );
}
