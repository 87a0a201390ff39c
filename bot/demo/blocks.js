"use strict";
// Text reaches the page as text nodes only; there is no place where a message could become markup.
const byId = id => document.getElementById(id);
const el = (tag, className, ...children) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter(child => child !== null && child !== undefined && child !== ""));
  return made;
};
const ESCAPES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescape = text => String(text).replace(/&(?:lt|gt|amp);/g, escaped => ESCAPES[escaped]);
// The usual signs of incident channels are drawn, since not every machine has a font with emoji.
const dot = colour => [["M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z", colour]];
const DRAWN = {
  rotating_light: [["M4 12V8.6a4 4 0 0 1 8 0V12Z", "#d6453d"], ["M2.5 12.6h11v2h-11Z", "#7d838b"], ["M7.4 1h1.2v2H7.4ZM2.3 3.2l.9-.8 1.4 1.4-.9.8ZM13.7 3.2l-.9-.8-1.4 1.4.9.8Z", "#d6453d"]],
  warning: [["M8 1.8 15 14H1Z", "#e0a526"], ["M7.3 6h1.4v4.4H7.3ZM7.3 11.3h1.4v1.4H7.3Z", "#3a2f10"]],
  white_check_mark: [["M3 1.5h10A1.5 1.5 0 0 1 14.5 3v10a1.5 1.5 0 0 1-1.5 1.5H3A1.5 1.5 0 0 1 1.5 13V3A1.5 1.5 0 0 1 3 1.5Z", "#3f9a6b"], ["m4 8.2 1.1-1.1 1.9 1.9 4-4.1 1.1 1.1L7 11.2Z", "#fff"]],
  x: [["m3.2 4.6 1.4-1.4L8 6.6l3.4-3.4 1.4 1.4L9.4 8l3.4 3.4-1.4 1.4L8 9.4l-3.4 3.4-1.4-1.4L6.6 8Z", "#d6453d"]],
  thumbsup: [["M2 7h2.5v6.5H2ZM5.5 7 8 1.8c1.2 0 1.8.9 1.5 2L9 6.2h4c.8 0 1.3.7 1.1 1.5l-1.2 4.8c-.2.6-.6 1-1.3 1H5.5Z", "#c9972f"]],
  thumbsdown: [["M2 9h2.5V2.5H2ZM5.5 9 8 14.2c1.2 0 1.8-.9 1.5-2L9 9.8h4c.8 0 1.3-.7 1.1-1.5l-1.2-4.8c-.2-.6-.6-1-1.3-1H5.5Z", "#c9972f"]],
  red_circle: dot("#d6453d"), large_orange_circle: dot("#e08a3c"), large_yellow_circle: dot("#e0bd3c"), large_green_circle: dot("#3f9a6b"),
};
const WRITTEN = { fire: "🔥", eyes: "👀", mag: "🔍", bell: "🔔", memo: "📝", tada: "🎉", wave: "👋", pager: "📟" };
const SVG = "http://www.w3.org/2000/svg";
function drawing(shapes) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.append(...shapes.map(attributes => {
    const path = document.createElementNS(SVG, "path");
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    return path;
  }));
  return svg;
}
function emoji(name) {
  if (!Object.hasOwn(DRAWN, name)) return Object.hasOwn(WRITTEN, name) ? WRITTEN[name] : `:${name}:`;
  const svg = drawing(DRAWN[name].map(([d, fill]) => ({ d, fill })));
  svg.setAttribute("class", "emoji");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name.replaceAll("_", " "));
  return svg;
}
let state = JSON.parse(byId("state").textContent);
let chosen = null;

// ---- Slack's markup
const SAFE = /^(https?:|mailto:)/i;
const link = (url, label) => {
  if (!SAFE.test(url)) return document.createTextNode(label || url);
  const made = el("a", "", label || url);
  made.href = url; made.target = "_blank"; made.rel = "noopener noreferrer";
  return made;
};
const mention = text => el("span", "mention", text);
// Slack's dates in the reader's own time: <!date^seconds^format^link|fallback>, and `date` elements.
function dated(seconds, format, ...rest) {
  const at = new Date(Number(seconds) * 1000), fallback = rest.at(-1);
  if (Number.isNaN(at.getTime())) return fallback;
  const day = options => at.toLocaleDateString([], options), clock = options => at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...options });
  const short = { month: "short", day: "numeric" }, long = { weekday: "long", month: "long", day: "numeric", year: "numeric" }, plainDay = { month: "long", day: "numeric" };
  const pretty = options => at.toDateString() === new Date().toDateString() ? "today" : day(options);
  const known = { date_num: () => at.toISOString().slice(0, 10), date: () => day(plainDay), date_short: () => day(short), date_long: () => day(long), date_pretty: () => pretty(plainDay), date_short_pretty: () => pretty(short), date_long_pretty: () => pretty(long), time: () => clock({}), time_secs: () => clock({ second: "2-digit" }) };
  return String(format).replace(/\{([a-z_]+)\}/g, (whole, name) => known[name]?.() ?? whole);
}
const person = id => "@" + (state.people[id] || Object.values(state.bots)[Object.keys(state.bots).indexOf(id)] || id);
function angle(inside) {
  const [target, label] = inside.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(person(target.slice(1)));
  if (target.startsWith("#")) return mention("#" + unescape(label || state.channel));
  if (target.startsWith("!date^")) return document.createTextNode(dated(...target.slice(6).split("^"), unescape(label || "")));
  if (target.startsWith("!")) return mention("@" + unescape((label || target.slice(1)).replace(/^subteam\^/, "").replace(/^@/, "")));
  return SAFE.test(target) ? link(unescape(target), unescape(label || target)) : document.createTextNode(`<${unescape(inside)}>`);
}
const MARKS = /`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]*[^_\s])_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]*[^~\s])~(?![\w~])|(?<!\w):([a-z0-9_+-]+):(?!\w)/g;
function inline(text) {
  const out = [];
  let end = 0;
  for (const found of text.matchAll(MARKS)) {
    if (found.index > end) out.push(unescape(text.slice(end, found.index)));
    const [, code, inside, bold, italic, struck, name] = found;
    if (code) out.push(el("code", "", unescape(code)));
    else if (inside) out.push(angle(inside));
    else if (name) out.push(emoji(name));
    else out.push(el(bold ? "b" : italic ? "i" : "s", "", ...inline(bold || italic || struck)));
    end = found.index + found[0].length;
  }
  out.push(unescape(text.slice(end)));
  return out;
}
function mrkdwn(text) {
  return text.split(/```\n?([^]*?)\n?```/).flatMap((part, place) => {
    if (place % 2) return [preformatted(unescape(part))];
    return part.split(/((?:^(?:&gt;|>).*(?:\n|$))+)/m).filter(piece => piece.trim()).map(piece =>
      /^(&gt;|>)/.test(piece) ? el("blockquote", "", ...inline(piece.replace(/^(?:&gt;|>) ?/gm, "").trimEnd())) : el("div", "text", ...inline(piece.replace(/^\n+|\n+$/g, ""))));
  });
}
function preformatted(text) {
  const made = el("pre", "", text);
  made.tabIndex = 0;
  return made;
}
const textObject = thing => thing.type === "mrkdwn" ? mrkdwn(thing.text) : [el("div", "text", ...plain(thing))];
const plain = thing => thing.emoji === false ? [unescape(thing.text)] : unescape(thing.text).split(/:([a-z0-9_+-]+):/).map((part, place) => place % 2 ? emoji(part) : part);

// ---- blocks
function rich(element) {
  const style = element.style || {};
  let made = {
    text: () => unescape(element.text), link: () => link(element.url, unescape(element.text || element.url)), emoji: () => emoji(element.name),
    user: () => mention(person(element.user_id)), channel: () => mention("#" + state.channel), broadcast: () => mention("@" + element.range),
    usergroup: () => mention("@" + element.usergroup_id), date: () => dated(element.timestamp, element.format, element.fallback || ""), color: () => element.value,
  }[element.type]?.() ?? "";
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "i"], ["bold", "b"]]) if (style[name]) made = el(tag, "", made);
  return made;
}
function richPart(part) {
  const elements = part.elements || [];
  if (part.type === "rich_text_preformatted") return preformatted(elements.map(each => unescape(each.text || each.url || "")).join(""));
  if (part.type === "rich_text_quote") return el("blockquote", "", ...elements.map(rich));
  if (part.type === "rich_text_list") return el(part.style === "ordered" ? "ol" : "ul", "", ...elements.map(item => el("li", "", ...item.elements.map(rich))));
  return el("div", "text", ...elements.map(rich));
}
// ---- what can be pressed. `at` says where it stands: {ts} of a message or {view_id} of a modal.
function button(given, at, chosen) {
  const made = el("button", given.style || "", ...plain(given.text));
  made.type = "button";
  if (given.accessibility_label) made.setAttribute("aria-label", given.accessibility_label);
  made.addEventListener("click", () => press(at, chosen.action_id, chosen.value ?? null, made));
  return made;
}
function options(given) {
  const all = given.option_groups ? given.option_groups.flatMap(group => group.options) : given.options || [];
  return all.map(each => { const made = el("option", "", unescape(each.text.text)); made.value = each.value; return made; });
}
function select(given, at) {
  const made = el("select", "", el("option", "", given.placeholder ? unescape(given.placeholder.text) : "Choose …"), ...options(given));
  made.firstChild.value = "";
  made.value = given.initial_option?.value ?? "";
  if (at) made.addEventListener("change", () => press(at, given.action_id, made.value, made));
  return made;
}
function choices(given, kind) {
  return el("div", "choices", ...given.options.map(each => {
    const made = el("input", "");
    made.type = kind; made.value = each.value; made.name = given.action_id || "";
    return el("label", "", made, ...textObject(each.text));
  }));
}
function typed(given) {
  const made = el(given.multiline ? "textarea" : "input", "");
  made.value = unescape(given.initial_value || "");
  made.maxLength = given.max_length || 3000;
  if (given.placeholder) made.placeholder = unescape(given.placeholder.text);
  return made;
}
const ELEMENTS = {
  button: (given, at) => button(given, at, given),
  feedback_buttons: (given, at) => el("span", "feedback", ...[["positive_button", "thumbsup"], ["negative_button", "thumbsdown"]].map(([name, sign]) => {
    const made = button(given[name], at, { action_id: given.action_id, value: given[name].value });
    made.prepend(emoji(sign), " ");
    return made;
  })),
  icon_button: (given, at) => button(given, at, given),
  static_select: select, multi_static_select: select, overflow: select,
  radio_buttons: given => choices(given, "radio"), checkboxes: given => choices(given, "checkbox"),
  plain_text_input: typed,
  image: given => picture(given),
};
const element = (given, at) => ELEMENTS[given.type]?.(given, at) ?? el("span", "unknown", `unknown element: ${given.type}`);
// No picture is ever fetched: what it shows is said in words.
const picture = given => el("span", "picture", `picture: ${unescape(given.alt_text || "")}`);
const said = thing => !thing ? [] : typeof thing === "string" ? [el("div", "text", unescape(thing))] : textObject(thing);
const SIGNS = { pending: "○", in_progress: "◐", complete: "●", error: "✕" };
function task(given, at) {
  return el("div", "task", el("div", "text", `${SIGNS[given.status] || ""} ${unescape(given.title)}`), ...[given.details, given.output].filter(Boolean).map(each => block(each, at)));
}
function card(given, at) {
  const pictures = [given.hero_image, given.icon].filter(Boolean).map(picture);
  const buttons = given.actions ? el("div", "actions", ...given.actions.map(each => element(each, at))) : null;
  return el("div", "card", ...pictures, el("b", "", ...said(given.title)), el("div", "soft", ...said(given.subtitle)), ...said(given.body), buttons);
}
function container(given, at) {
  const title = [...said(given.title), ...(given.rich_text_title ? [block(given.rich_text_title, at)] : []), ...said(given.subtitle)];
  if (!given.is_collapsible) return el("div", "container", el("div", "title", ...title), ...blocks(given.child_blocks, at));
  const made = el("details", "container", el("summary", "", ...title), ...blocks(given.child_blocks, at));
  made.open = !given.default_collapsed;
  return made;
}
function table(given) {
  const cell = each => el("td", "", ...(each.type === "rich_text" ? each.elements.map(richPart) : [unescape(each.text ?? String(each.value))]));
  return el("div", "wide", el("table", "", ...given.rows.map(row => el("tr", "", ...row.map(cell)))));
}
function input(given, at) {
  const field = element(given.element, given.dispatch_action ? at : null);
  const made = el("div", "input", el("label", "", ...plain(given.label), given.optional ? el("small", "", " optional") : null), field, given.hint ? el("small", "", ...plain(given.hint)) : null, el("small", "problem"));
  made.dataset.block = given.block_id || "";
  made.dataset.action = given.element.action_id || "";
  made.dataset.type = given.element.type;
  return made;
}
const BLOCKS = {
  header: given => el("h3", "headline", ...plain(given.text)),
  divider: () => el("hr"),
  section: (given, at) => el("div", "section", ...(given.text ? textObject(given.text) : []), given.fields ? el("div", "fields", ...given.fields.map(field => el("div", "", ...textObject(field)))) : null, given.accessory ? element(given.accessory, at) : null),
  context: given => el("div", "context", ...given.elements.map(each => each.type === "image" ? picture(each) : el("div", "", ...textObject(each)))),
  rich_text: given => el("div", "rich", ...given.elements.map(richPart)),
  actions: (given, at) => el("div", "actions", ...given.elements.map(each => element(each, at))),
  context_actions: (given, at) => el("div", "actions", ...given.elements.map(each => element(each, at))),
  image: given => el("div", "", ...said(given.title), picture(given)),
  markdown: given => el("div", "text", unescape(given.text)),
  table, container, card, input,
  carousel: (given, at) => el("div", "carousel", ...given.elements.map(each => card(each, at))),
  alert: given => el("div", "alert " + (given.level || "default"), ...said(given.text)),
  plan: (given, at) => el("div", "plan", el("b", "", unescape(given.title)), ...(given.tasks || []).map(each => task(each, at))),
  task_card: task,
};
const block = (given, at) => BLOCKS[given.type]?.(given, at) ?? el("div", "unknown", `unknown block: ${given.type}`);
const blocks = (list, at) => list.map(each => block(each, at));
function attachment(given, at) {
  const made = el("div", "attachment");
  if (/^#?[0-9a-f]{6}$/i.test(given.color || "")) made.style.borderColor = "#" + given.color.replace("#", "");
  else if (given.color) made.style.borderColor = { good: "#3f9a6b", warning: "#d9a13b", danger: "#b5423f" }[given.color] || "";
  if (given.pretext) made.append(...mrkdwn(given.pretext));
  if (given.title) made.append(el("div", "title", ...(given.title_link ? [link(given.title_link, unescape(given.title))] : inline(given.title))));
  if (given.text) made.append(...mrkdwn(given.text));
  if (given.fields) made.append(el("div", "fields", ...given.fields.map(field => el("div", "", el("b", "", unescape(field.title || "")), ...mrkdwn(field.value || "")))));
  made.append(...blocks(given.blocks || [], at));
  if (!made.childNodes.length && given.fallback) made.append(el("div", "text", unescape(given.fallback)));
  if (given.footer) made.append(el("div", "context", unescape(given.footer)));
  return made;
}
function body(message) {
  const out = el("div", "content");
  const at = { ts: message.ts };
  if (message.blocks?.length) out.append(...blocks(message.blocks, at));
  else if (message.text) out.append(...(message.mrkdwn === false ? [el("div", "text", unescape(message.text))] : mrkdwn(message.text)));
  out.append(...(message.attachments || []).map(each => attachment(each, at)));
  if (message.edited) out.append(el("span", "edited", "(edited)"));
  return out;
}
