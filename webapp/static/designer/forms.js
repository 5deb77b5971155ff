// The form editor: fields with kinds, names in two languages, what is required and what is personal; a live preview.
import { ask, button, calmly, control, data, freeName, h, redraw, t } from "./dom.js";
import { EMPTY, asKind, inOrder, kindOf, kinds, withFields } from "./form_fields.js";

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;

/** The editor in `place`, kept in `store` as JSON by name; `changed` hears of every change. */
export const makeForms = (place, store, previewAt, changed) => {
  let forms = {};
  let chosen = null;
  let wrong = {};
  const sample = h("div", { class: "form-preview" });

  const keep = (next) => { forms = next; store.value = JSON.stringify(forms); changed(); draw(); };
  // every change begins with what is there now, not with what was drawn: a field may be typed in before it is drawn anew
  const change = (make) => keep({ ...forms, [chosen]: make(forms[chosen]) });
  const changeField = (name, make) => change((schema) => withFields(schema, inOrder(schema).map(([each, field]) => [each, each === name ? make(field) : field])));
  const load = () => {
    forms = JSON.parse(store.value || "{}");
    if (!(chosen in forms)) [chosen] = [...Object.keys(forms), null];
    draw();
  };

  const preview = calmly(async () => {
    if (!chosen) { sample.replaceChildren(); return; }
    try {
      const { html } = await ask(previewAt, { form: JSON.stringify(forms[chosen]) });
      sample.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    } catch { sample.replaceChildren(h("p", { class: "quiet" }, t("no_preview"))); }
  }, 300);

  const rename = (from, to) => {
    if (!NAME.test(to) || to in forms) { draw(); return; }
    chosen = to;
    keep(Object.fromEntries(Object.entries(forms).map(([name, form]) => [name === from ? to : name, form])));
  };
  const add = () => {
    chosen = freeName("form", Object.keys(forms));
    keep({ ...forms, [chosen]: structuredClone(EMPTY) });
  };
  const remove = () => {
    const { [chosen]: _, ...rest } = forms;
    [chosen] = [...Object.keys(rest), null];
    keep(rest);
  };

  const rowsOf = (field) => field.enum.map((value) => [value, field["x-cl-choices"]?.[value] ?? { zh: value, en: value }]);
  const choiceRows = (field, put) => {
    const keepRows = (make) => put((now) => { const next = make(rowsOf(now)); return { ...now, enum: next.map(([value]) => value), "x-cl-choices": Object.fromEntries(next) }; });
    const edited = (at, make) => keepRows((now) => now.map((each, n) => (n === at ? make(each, now) : each)));
    const rows = rowsOf(field);
    return h("div", { class: "choice-rows" },
      h("b", {}, t("choices")),
      ...rows.map(([value, label], at) => h("div", { class: "choice-row" },
        control({ key: `choice-${at}-value`, label: t("choice_value"), value, change: (to) => edited(at, ([was, said], now) => [freeName(to || was, now.filter((_, n) => n !== at).map(([each]) => each)), said]) }),
        control({ key: `choice-${at}-zh`, label: t("label_zh"), value: label.zh, change: (zh) => edited(at, ([was, said]) => [was, { ...said, zh }]) }),
        control({ key: `choice-${at}-en`, label: t("label_en"), value: label.en, change: (en) => edited(at, ([was, said]) => [was, { ...said, en }]) }),
        rows.length > 1 ? button("×", () => keepRows((now) => now.filter((_, n) => n !== at)), { "aria-label": t("remove") }) : null)),
      button(t("add_choice"), () => keepRows((now) => { const value = freeName("choice", now.map(([each]) => each)); return [...now, [value, { zh: value, en: value }]]; })));
  };

  const titleOf = (field) => field["x-cl-title"] ?? { zh: field.title ?? "", en: field.title ?? "" };
  const renameField = (name, to) => {
    if (!NAME.test(to) || to in forms[chosen].properties) { draw(); return; }
    const swap = (each) => (each === name ? to : each);
    change((schema) => withFields({ ...schema, required: (schema.required ?? []).map(swap) }, inOrder(schema).map(([each, field]) => [swap(each), field])));
  };
  const require = (name, on) => change((schema) => ({ ...schema, required: [...(schema.required ?? []).filter((each) => each !== name), ...(on ? [name] : [])] }));
  const seal = (name, on) => changeField(name, ({ "x-cl-personal": _, ...rest }) => (on ? { ...rest, "x-cl-personal": true } : rest));
  const label = (name, language, said) => changeField(name, (field) => { const next = { ...titleOf(field), [language]: said }; return { ...field, title: next.zh || next.en, "x-cl-title": next }; });
  const move = (at, by) => change((schema) => { const next = inOrder(schema); const [mine] = next.splice(at, 1); next.splice(at + by, 0, mine); return withFields(schema, next); });

  const card = ([name, field], at, all) => {
    const title = titleOf(field);
    const shown = title[data.language] || title.zh || title.en || name;
    const required = (forms[chosen].required ?? []).includes(name);
    const said = (wrong[chosen] ?? []).filter((each) => each.field === name).map((each) => each.text).join(" ");
    return h("fieldset", { class: "field-card" },
      h("legend", {}, `${at + 1}. ${shown}`),
      h("div", { class: "field-grid" },
        control({ key: `f${at}-zh`, label: t("label_zh"), value: title.zh, change: (to) => label(name, "zh", to) }),
        control({ key: `f${at}-en`, label: t("label_en"), value: title.en, change: (to) => label(name, "en", to) }),
        control({ key: `f${at}-name`, label: t("field_name"), value: name, hint: t("field_name_hint"), wrong: said || undefined, change: (to) => renameField(name, to) }),
        control({ key: `f${at}-kind`, label: t("field_kind"), type: "pick", required: true, value: kindOf(field), options: kinds(), change: (kind) => changeField(name, (now) => asKind(now, kind)) })),
      h("div", { class: "field-grid" },
        control({ key: `f${at}-required`, label: t("required"), type: "check", value: required, change: (on) => require(name, on) }),
        control({ key: `f${at}-personal`, label: t("personal"), type: "check", value: field["x-cl-personal"], change: (on) => seal(name, on) })),
      field.enum ? choiceRows(field, (make) => changeField(name, make)) : null,
      h("div", { class: "actions" },
        at > 0 ? button(t("up"), () => move(at, -1), { "data-key": `f${at}-up` }) : null,
        at < all.length - 1 ? button(t("down"), () => move(at, 1), { "data-key": `f${at}-down` }) : null,
        button(t("remove"), () => change((schema) => withFields(schema, inOrder(schema).filter(([each]) => each !== name))), { "aria-label": `${t("remove")}: ${shown}` })));
  };

  const addField = () => change((schema) => {
    const said = { zh: "新字段", en: "New field" };
    const made = [freeName("field", Object.keys(schema.properties)), { ...asKind({}, "text"), title: said.zh, "x-cl-title": said }];
    return withFields(schema, [...inOrder(schema), made]);
  });

  function draw() {
    const fields = chosen ? inOrder(forms[chosen]) : [];
    redraw(place,
      h("div", { class: "editor-bar" },
        Object.keys(forms).length ? control({ key: "form-chosen", label: t("form"), type: "pick", required: true, value: chosen, options: Object.keys(forms).map((name) => [name, name]), change: (name) => { chosen = name; draw(); } }) : null,
        chosen ? control({ key: "form-name", label: t("form_name"), value: chosen, hint: t("field_name_hint"), change: (to) => rename(chosen, to) }) : null,
        button(t("add_form"), add, { "data-key": "add-form" }),
        chosen ? button(t("remove_form"), remove, { "data-key": "remove-form" }) : null),
      chosen
        ? h("div", { class: "split" },
          h("div", {}, ...fields.map(card), button(t("add_field"), addField, { class: "btn", "data-key": "add-field" })),
          h("div", { class: "preview-box" }, h("h3", {}, t("preview")), sample))
        : h("p", { class: "quiet" }, t("no_forms")));
    preview();
  }

  load();
  return { load, names: () => Object.keys(forms), tell: (found) => { wrong = found ?? {}; if (!place.contains(document.activeElement)) draw(); } };
};
