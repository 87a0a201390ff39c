// ---- messages
const HUES = ["#3c6e8f", "#8a5a83", "#4d7c5b", "#a0653c", "#5b62a3", "#8b6d2f", "#3f7f7f", "#994f57"];
const named = message => message.bot_id ? state.bots[message.bot_id] || message.bot_profile?.name || message.bot_id : state.people[message.user] || message.user || "stand-in";
function avatar(message) {
  const name = named(message), key = message.bot_id || message.user || "";
  const words = name.split(/\s+/);
  const made = el("div", "avatar", message.bot_id === state.sevbot ? icon(PULSE) : (words.length > 1 ? words[0][0] + words[1][0] : name.slice(0, 2)).toUpperCase());
  const sum = [...key].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  made.style.background = message.bot_id === state.sevbot ? "#315c6b" : /^sev/i.test(name) && message.bot_id ? "#a8493f" : HUES[sum % HUES.length];
  made.setAttribute("aria-hidden", "true");
  return made;
}
function time(ts) {
  const at = new Date(Number(ts) * 1000), made = el("time", "", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  made.dateTime = at.toISOString();
  made.title = at.toLocaleString();
  return made;
}
const PULSE = "M3 8.5h2.5l1.5-4 2.5 7 1.5-3H13", EYE = "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Zm6.5 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z";
function icon(d) {
  const svg = drawing([{ d, fill: "none", stroke: "currentColor", "stroke-width": "1.3", "stroke-linecap": "round", "stroke-linejoin": "round" }]);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}
function message(given, inThread) {
  const isPrivate = "to" in given;
  const made = el("article", "message" + (isPrivate ? " only-you" : "") + (!inThread && given.ts === chosenThread() ? " open" : ""));
  made.dataset.ts = given.ts;
  if (isPrivate) made.append(el("div", "label", icon(EYE), el("span", "", "Only visible to you", given.command ? " · " : "", given.command ? el("code", "", unescape(given.command)) : "")));
  const who = el("div", "who", el("b", "", named(given)), given.bot_id ? el("span", "app", "APP") : null, time(given.ts));
  const content = body(given);
  made.append(avatar(given));
  if (inThread) { // its parts are grid items, so that on a narrow window the body gets the whole width
    content.classList.add("body");
    made.append(who, content);
  } else {
    if (given.reply_count) content.append(replies(given));
    made.append(el("div", "body", who, content));
  }
  return made;
}
function replies(given) {
  const count = given.reply_count === 1 ? "1 reply" : `${given.reply_count} replies`;
  const made = el("button", "replies", count, el("span", "", "View thread"));
  made.type = "button";
  made.addEventListener("click", () => {
    chosen = given.ts;
    render(state);
    byId("thread").scrollTop = 0;
    if (window.matchMedia("(max-width: 860px)").matches) byId("thread-pane").scrollIntoView({ behavior: "smooth" });
  });
  return made;
}
const roots = () => state.messages.filter(each => !each.thread_ts || each.thread_ts === each.ts);
function chosenThread() {
  const all = roots();
  if (all.some(each => each.ts === chosen)) return chosen;
  const announced = all.filter(each => each.bot_id && each.bot_id !== state.sevbot);
  return (announced.at(-1) || all.filter(each => each.reply_count).at(-1))?.ts ?? null;
}
function day(ts) {
  const at = new Date(Number(ts) * 1000), today = new Date();
  const made = el("div", "day", at.toDateString() === today.toDateString() ? "Today" : at.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" }));
  return ["day " + at.toDateString(), made];
}

// ---- keeping the page as the state says: only what changed is touched, so that scrolling and selected text stay
let first = true;
const problem = el("span", "problem");
function show(place, wanted) {
  const have = new Map([...place.children].map(child => [child.dataset.key, child]));
  let before = null;
  for (const [key, version, make] of wanted) {
    let child = have.get(key);
    if (!child || child.dataset.version !== version) {
      const made = make();
      made.dataset.key = key;
      made.dataset.version = version;
      if (!first && made.classList.contains("message")) made.classList.add("fresh");
      if (child) child.replaceWith(made);
      child = made;
    }
    have.delete(key);
    const next = before ? before.nextSibling : place.firstChild;
    if (child !== next) place.insertBefore(child, next);
    before = child;
  }
  for (const gone of have.values()) gone.remove();
}
const digest = value => { let sum = 0; for (const letter of JSON.stringify(value)) sum = (sum * 31 + letter.codePointAt(0)) | 0; return String(sum); };
const item = (given, inThread) => [given.ts, digest([given, given.ts === chosenThread()]), () => message(given, inThread)];
function channelItems() {
  const all = [...roots(), ...state.ephemerals].sort((a, b) => a.ts < b.ts ? -1 : 1);
  let last = "";
  const items = all.flatMap(given => {
    const [key, made] = day(given.ts), isNew = key !== last;
    last = key;
    return isNew ? [[key, "1", () => made], item(given, false)] : [item(given, false)];
  });
  return items.length ? items : [["empty", "1", () => el("p", "empty", "Nothing has been said here yet.")]];
}
function threadItems() {
  const ts = chosenThread();
  if (!ts) return [["empty", "1", () => el("p", "empty", "When a SEV is announced, its thread opens here.")]];
  const [parent, ...answers] = state.messages.filter(each => each.ts === ts || each.thread_ts === ts);
  const count = answers.length === 1 ? "1 reply" : `${answers.length} replies`;
  return [item(parent, true), ...(answers.length ? [["count " + ts, count, () => el("div", "day count", count)]] : []), ...answers.map(each => item(each, true))];
}
function render(next) {
  state = next;
  const scroller = byId("channel"), atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
  document.title = `#${state.channel} · sevbot demo`;
  byId("channel-name").textContent = "# " + state.channel;
  byId("thread-of").textContent = "# " + state.channel;
  byId("say").placeholder = `Message #${state.channel}`;
  show(scroller, channelItems());
  show(byId("thread"), threadItems());
  showModal();
  if (atEnd || first) scroller.scrollTop = scroller.scrollHeight;
  first = false;
}

// ---- what the visitor presses, and modals
const WORDS = {
  operation_timeout: "the app did not answer within three seconds", dispatch_failed: "the app is not connected",
  interactivity_off: "the app's manifest has interactivity off", no_such_action: "this can no longer be pressed",
};
async function post(path, what) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
const warn = said => { problem.textContent = `⚠ ${said}`; };
async function press(at, action_id, value, pressed) {
  pressed.disabled = true;
  problem.textContent = "";
  try {
    const { error } = await post("/press", { ...at, action_id, value });
    if (error) warn(WORDS[error] || error);
  } catch (error) { warn(error.message); }
  pressed.disabled = false;
}
function value(field) {
  const of = kind => [...field.querySelectorAll(kind)];
  const option = each => ({ value: each.value, text: { type: "plain_text", text: each.textContent || each.parentElement.textContent } });
  switch (field.dataset.type) {
    case "plain_text_input": return { value: of("input, textarea")[0].value || null };
    case "checkboxes": return { selected_options: of("input:checked").map(option) };
    case "radio_buttons": return { selected_option: of("input:checked").map(option)[0] ?? null };
    default: return { selected_option: of("option:checked").filter(each => each.value).map(option)[0] ?? null };
  }
}
async function submit(view, form) {
  const fields = [...form.querySelectorAll(".input")], values = {};
  for (const field of fields) {
    field.querySelector(".problem").textContent = "";
    values[field.dataset.block] = { [field.dataset.action]: value(field) };
  }
  try {
    const { errors, error } = await post("/submit", { view_id: view.id, values });
    for (const field of fields) if (errors[field.dataset.block]) field.querySelector(".problem").textContent = unescape(errors[field.dataset.block]);
    if (error) warn(WORDS[error] || error);
  } catch (error) { warn(error.message); }
}
const closeView = view => post("/close", { view_id: view.id }).catch(error => warn(error.message));
function modal(view) {
  const close = el("button", "", view.close ? unescape(view.close.text) : "Close"), send = view.submit ? el("button", "primary", unescape(view.submit.text)) : null;
  close.type = "button";
  close.addEventListener("click", () => closeView(view));
  const form = el("form", "view", el("h2", "", unescape(view.title.text)), el("div", "body", ...blocks(view.blocks, { view_id: view.id })), el("div", "actions", close, send));
  form.setAttribute("role", "dialog");
  form.setAttribute("aria-modal", "true");
  form.setAttribute("aria-label", unescape(view.title.text));
  form.addEventListener("submit", event => { event.preventDefault(); submit(view, form); });
  form.addEventListener("keydown", event => { if (event.key === "Escape") closeView(view); });
  return form;
}
function showModal() {
  const place = byId("modal"), view = state.views.at(-1), key = view ? `${view.id} ${view.hash}` : "";
  if (place.dataset.key === key) return;  // what is being typed stays
  place.dataset.key = key;
  place.replaceChildren(...(view ? [modal(view)] : []));
  place.querySelector("input, textarea, select, button")?.focus({ preventScroll: true });
}

// ---- what the visitor types
const typing = byId("say"), send = document.querySelector("#composer .box button");
typing.addEventListener("input", () => { send.disabled = !typing.value.trim(); });
byId("composer").addEventListener("submit", async event => {
  event.preventDefault();
  const text = typing.value.trim();
  if (!text) return;
  typing.value = "";
  send.disabled = true;
  problem.textContent = "";
  try {
    await post("/say", { text });
  } catch (error) {
    problem.textContent = `Not sent: ${error.message}`;
    if (!typing.value) typing.value = text;
  }
});
byId("try").append("Try", ...state.suggestions.map(text => {
  const made = el("button", "", text);
  made.type = "button";
  made.addEventListener("click", () => { typing.value = text; send.disabled = false; typing.focus(); });
  return made;
}), problem);

if (state.replays) {
  const again = byId("again");
  again.hidden = false;
  again.addEventListener("click", async () => {
    again.disabled = true;
    chosen = null;
    await post("/again", {}).catch(error => warn(error.message));
    again.disabled = false;
  });
}
render(state);
const stream = new EventSource("/events");
const live = byId("live");
stream.addEventListener("open", () => { live.textContent = "live"; live.className = ""; });
stream.addEventListener("message", event => render(JSON.parse(event.data)));
stream.addEventListener("error", () => { live.textContent = "the demo has ended"; live.className = "over"; });
