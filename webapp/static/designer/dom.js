// Small tools of the designer's page: building elements, asking the server, words in the reader's language.

const page = document.getElementById("designer-data");
export const data = page ? JSON.parse(page.textContent) : { words: {}, offers: {} };

/** The text of a key in the reader's language, its {places} filled in. */
export const t = (key, places = {}) => {
  const said = data.words[key];
  if (said === undefined) throw new Error(`no text for ${key}`);
  return said.replace(/\{(\w+)\}/g, (whole, name) => (name in places ? String(places[name]) : whole));
};

/** An element: attributes by name, `on…` as listeners, children as elements or text. */
export const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (name === "checked") element.checked = true;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

let numbers = 0;
/** An id that no other element of the page has. */
export const freshId = (stem) => `${stem}-${(numbers += 1)}`;

/** A labelled control: text, area, number, pick, check or date; `change` gets the new value. */
export const control = ({ key, label, type = "text", value, options = [], hint, list, change, wrong, required, name }) => {
  const id = freshId("d");
  const described = [hint && `${id}-h`, wrong && `${id}-e`].filter(Boolean).join(" ") || undefined;
  const shared = { id, name, "data-key": key, "aria-describedby": described, "aria-invalid": wrong ? "true" : undefined };
  // heard a moment later, when Tab has reached the next field: what is drawn again then keeps the keyboard there
  const heard = ({ target }) => setTimeout(() => change(type === "check" ? target.checked : target.value));
  if (type === "check") {
    const box = h("input", { ...shared, type: "checkbox", checked: Boolean(value), onchange: heard });
    return h("div", { class: "choices" }, h("label", {}, box, label));
  }
  let field;
  if (type === "pick") {
    const known = options.some(([each]) => each === (value ?? ""));
    const all = known || !value ? options : [...options, [value, value]];
    field = h("select", { ...shared, class: "form-select", onchange: heard },
      required ? null : h("option", { value: "" }, "–"),
      ...all.map(([each, said]) => h("option", { value: each, lang: each === said ? "zxx" : undefined }, said)));
    field.value = value ?? "";
  } else if (type === "area" || type === "expression") {
    field = h("textarea", { ...shared, class: `form-control${type === "expression" ? " code" : ""}`, rows: type === "area" ? 3 : 1, spellcheck: type === "area" ? undefined : "false", onchange: heard });
    field.value = value ?? "";
  } else {
    const listed = list && h("datalist", { id: `${id}-l` }, ...list.map(([each, said]) => h("option", { value: each }, said)));
    field = h("input", { ...shared, class: "form-control", type, value: value ?? "", list: listed && listed.id, onchange: heard });
    if (listed) return wrap(id, label, field, hint, wrong, listed);
  }
  return wrap(id, label, field, hint, wrong);
};

const wrap = (id, label, field, hint, wrong, more) => h("div", { class: "field" },
  h("label", { class: "form-label", for: id }, label), field, more,
  hint ? h("p", { class: "hint", id: `${id}-h` }, hint) : null,
  wrong ? h("p", { class: "wrong", id: `${id}-e` }, wrong) : null);

/** A button that is not the page's main one. */
export const button = (label, press, more = {}) => h("button", { type: "button", class: "btn btn-sm", "data-key": label, onclick: press, ...more }, label);

/** Say something to whoever cannot see it. */
export const say = (text) => { const live = document.getElementById("live"); if (live) live.textContent = text; };

/** Ask the server with parts of the drawing; large parts travel as files. */
export const ask = async (path, parts) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(parts)) body.append(name, new Blob([value]), name);
  const headers = { "X-CSRF": document.querySelector('input[name="csrf"]').value, Accept: "application/json" };
  const answer = await fetch(path, { method: "POST", body, headers });
  if (!answer.ok) throw Object.assign(new Error(String(answer.status)), { status: answer.status, answer });
  return answer.json();
};

/** Call `what` once nothing was asked for `wait` ms; `.now()` does it at once. */
export const calmly = (what, wait) => {
  let waiting = 0;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(what, wait); };
  later.now = () => { clearTimeout(waiting); return what(); };
  return later;
};

document.addEventListener("input", ({ target }) => { target.dataset.typing = "yes"; });
document.addEventListener("change", ({ target }) => { delete target.dataset.typing; }, true);

/** Draw `children` into `place` and leave the keyboard where it was. Not under the hands of somebody who types there:
    what they type changes something when they leave the field, and then it is drawn. */
export const redraw = (place, ...children) => {
  const active = place.contains(document.activeElement) ? document.activeElement : null;
  if (active && active.dataset.typing) return;
  const key = active && active.dataset.key;
  const at = active && "selectionStart" in active ? active.selectionStart : null;
  place.replaceChildren(...children.flat().filter(Boolean));
  const again = key && [...place.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  if (!again) return;
  again.focus();
  if (at !== null && again.setSelectionRange && again.type !== "number") { try { again.setSelectionRange(at, at); } catch { /* a control without a caret */ } }
};

/** The next free name `stem`, `stem_2`, `stem_3` … among `taken`. */
export const freeName = (stem, taken) => {
  let name = stem;
  for (let n = 2; taken.includes(name); n += 1) name = `${stem}_${n}`;
  return name;
};
