// The editor of decision tables: columns, rules, hit policy; every cell is FEEL, and what is wrong stands at its cell.
import { button, control, freeName, h, redraw, t } from "./dom.js";
import * as dmn from "./dmn.js";

const types = () => dmn.TYPES.map((type) => [type, t(`type_${type}`)]);

/** The editor in `place`, kept in `store` as JSON of DMN texts by name; `changed` hears of every change. */
export const makeDecisions = (place, store, changed) => {
  let files = {};
  let open = new Map();
  let chosen = null;
  let wrong = {};

  const load = () => {
    files = JSON.parse(store.value || "{}");
    open = new Map(Object.entries(files).map(([name, text]) => [name, dmn.parse(text)]));
    for (const document_ of open.values()) if (document_) for (const { table } of dmn.decisionsOf(document_)) if (table) dmn.nameCells(table);
    if (!(chosen in files)) [chosen] = [...Object.keys(files), null];
    draw();
  };
  const keep = () => {
    for (const [name, document_] of open) if (document_) files[name] = dmn.textOf(document_);
    store.value = JSON.stringify(files);
    changed();
    draw();
  };
  const put = (name, text) => { files = { ...files, [name]: text }; store.value = JSON.stringify(files); chosen = name; load(); changed(); };
  const stems = () => Object.keys(files).map((name) => name.replace(/\.dmn$/i, ""));
  const taken = () => [...open.values()].filter(Boolean).flatMap((each) => dmn.decisionsOf(each).map(({ element }) => element.id));
  const remove = () => { const { [chosen]: _, ...rest } = files; files = rest; store.value = JSON.stringify(files); chosen = null; load(); changed(); };
  const take = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    const stem = file.name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}_ -]+/gu, "_").slice(0, 80);
    put(`${freeName(/^[\p{L}\p{N}_]/u.test(stem) ? stem : "decision", stems())}.dmn`, await file.text());
  };
  const download = () => {
    const link = h("a", { href: URL.createObjectURL(new Blob([files[chosen]], { type: "application/xml" })), download: chosen });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const found = (id) => (wrong[chosen] ?? []).filter((each) => id && each.element === id).map((each) => each.text).join(" ");
  const set = (element, name, value) => { if (value) element.setAttribute(name, value); else element.removeAttribute(name); keep(); };

  const cell = (element, row, column, label, rows) => {
    const said = found(element.id);
    const id = `cell-${element.id}`;
    const field = h("input", {
      class: "form-control code", "data-key": id, "data-cell": `${row}:${column}`, value: dmn.said(element), "aria-label": label, "aria-invalid": said ? "true" : undefined,
      "aria-describedby": said ? `${id}-e` : undefined, spellcheck: "false", onchange: ({ target }) => setTimeout(() => { dmn.say(element, target.value); keep(); }),
      onkeydown: (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        event.target.blur();
        if (row === rows.length - 1) { dmn.addRule(rows[row].parentElement, row); keep(); }
        place.querySelector(`[data-cell="${row + 1}:${column}"]`)?.focus();
      },
    });
    return h("td", { class: said ? "is-wrong" : undefined }, field, said ? h("p", { class: "wrong", id: `${id}-e` }, said) : null);
  };

  const inputHead = (table, input, at, many) => {
    const holder = dmn.expressionOf(input);
    const name = input.getAttribute("label") || dmn.said(holder) || String(at + 1);
    return h("th", { scope: "col", class: "in" },
      control({ key: `in-${at}-label`, label: t("column_label"), value: input.getAttribute("label"), change: (value) => set(input, "label", value) }),
      control({ key: `in-${at}-x`, label: t("column_expression"), value: dmn.said(holder), wrong: [found(input.id), holder && found(holder.id)].filter(Boolean).join(" ") || undefined, change: (value) => { dmn.say(holder, value); keep(); } }),
      control({ key: `in-${at}-type`, label: t("column_type"), type: "pick", value: holder?.getAttribute("typeRef"), options: types(), change: (value) => set(holder, "typeRef", value) }),
      many ? button(t("remove_column"), () => { dmn.removeColumn(table, "input", at); keep(); }, { "aria-label": `${t("remove_column")}: ${name}` }) : null);
  };
  const outputHead = (table, output, at, many) => h("th", { scope: "col", class: "out" },
    control({ key: `out-${at}-label`, label: t("column_label"), value: output.getAttribute("label"), change: (value) => set(output, "label", value) }),
    control({ key: `out-${at}-name`, label: t("column_name"), value: output.getAttribute("name"), wrong: found(output.id) || undefined, change: (value) => set(output, "name", value) }),
    control({ key: `out-${at}-type`, label: t("column_type"), type: "pick", value: output.getAttribute("typeRef"), options: types(), change: (value) => set(output, "typeRef", value) }),
    many ? button(t("remove_column"), () => { dmn.removeColumn(table, "output", at); keep(); }, { "aria-label": `${t("remove_column")}: ${output.getAttribute("name")}` }) : null);

  const ruleRow = (table, { inputs, outputs, rules }, rule, row) => {
    const { tests, answers } = dmn.cellsOf(rule);
    const label = (column, kind) => t("cell_label", { row: row + 1, column: column?.getAttribute("label") || (kind === "in" ? dmn.said(dmn.expressionOf(column)) : column?.getAttribute("name")) || "" });
    const act = (key, press, said) => button(t(key), press, { "aria-label": `${t(said)} ${row + 1}`, title: t(said), "data-key": `rule-${row}-${key}` });
    return h("tr", {},
      h("th", { scope: "row" }, String(row + 1)),
      ...tests.map((each, column) => cell(each, row, column, label(inputs[column], "in"), rules)),
      ...answers.map((each, column) => cell(each, row, inputs.length + column, label(outputs[column], "out"), rules)),
      h("td", { class: "rule-acts" },
        act("rule_up", () => { dmn.moveRule(table, row, -1); keep(); }, "rule_up_long"),
        act("rule_copy", () => { dmn.addRule(table, row, rule); keep(); }, "rule_copy_long"),
        rules.length > 1 ? act("rule_remove", () => { rule.remove(); keep(); }, "rule_remove_long") : null));
  };

  const tableOf = ({ element, table }, at) => {
    const name = element.getAttribute("name") || element.id;
    if (!table) return h("section", {}, h("h3", {}, name), h("p", { class: "quiet" }, t("no_table")));
    const parts = dmn.partsOf(table);
    const policy = (table.getAttribute("hitPolicy") || "UNIQUE").toUpperCase();
    const whole = [found(table.id), found(element.id), ...parts.rules.map((rule) => found(rule.id))].filter(Boolean);
    return h("section", {},
      h("div", { class: "editor-bar" },
        control({ key: `d${at}-name`, label: t("decision_name"), value: element.getAttribute("name"), change: (value) => set(element, "name", value) }),
        control({ key: `d${at}-id`, label: t("decision_id"), value: element.id, hint: t("field_name_hint"), change: (value) => { if (/^[A-Za-z_][\w.-]*$/.test(value) && !taken().includes(value)) set(element, "id", value); else draw(); } }),
        control({ key: `d${at}-policy`, label: t("hit_policy"), type: "pick", required: true, value: policy, options: dmn.POLICIES.map((each) => [each, t(`policy_${each.replace(" ", "_").toLowerCase()}`)]), hint: t(`policy_${policy.replace(" ", "_").toLowerCase()}_hint`), change: (value) => { if (value !== "COLLECT") table.removeAttribute("aggregation"); set(table, "hitPolicy", value); } }),
        policy === "COLLECT" ? control({ key: `d${at}-sum`, label: t("aggregation"), type: "pick", value: table.getAttribute("aggregation"), options: dmn.AGGREGATIONS.map((each) => [each, t(`aggregation_${each.toLowerCase()}`)]), change: (value) => set(table, "aggregation", value) }) : null),
      whole.length ? h("ul", { class: "panel-findings" }, ...whole.map((each) => h("li", { class: "severity-error" }, each))) : null,
      h("div", { class: "decision-scroll", tabindex: "0", role: "group", "aria-label": name },
        h("table", { class: "decision-table" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "#"), ...parts.inputs.map((each, at) => inputHead(table, each, at, parts.inputs.length > 1)), ...parts.outputs.map((each, at) => outputHead(table, each, at, parts.outputs.length > 1)), h("td", {}))),
          h("tbody", {}, ...parts.rules.map((rule, row) => ruleRow(table, parts, rule, row))))),
      h("div", { class: "actions" },
        button(t("add_rule"), () => { dmn.addRule(table, parts.rules.length - 1); keep(); }, { "data-key": `d${at}-add-rule` }),
        button(t("add_input"), () => { dmn.addInput(table); keep(); }, { "data-key": `d${at}-add-input` }),
        button(t("add_output"), () => { dmn.addOutput(table); keep(); }, { "data-key": `d${at}-add-output` })),
      h("p", { class: "hint" }, t("feel_hint")));
  };

  function draw() {
    const document_ = chosen && open.get(chosen);
    const upload = h("input", { type: "file", class: "form-control", id: "dmn-file", accept: ".dmn,.xml", onchange: take, "data-key": "dmn-file" });
    redraw(place,
      h("div", { class: "editor-bar" },
        Object.keys(files).length ? control({ key: "decision-chosen", label: t("decision_file"), type: "pick", required: true, value: chosen, options: Object.keys(files).map((name) => [name, name]), change: (name) => { chosen = name; draw(); } }) : null,
        button(t("add_decision"), () => { const name = freeName("decision", [...stems(), ...taken()]); put(`${name}.dmn`, dmn.newFile(name, t("new_decision"), { input: t("new_input"), output: t("new_output") })); }, { "data-key": "add-decision" }),
        chosen ? button(t("export_decision"), download, { "data-key": "export-decision" }) : null,
        chosen ? button(t("remove_decision"), remove, { "data-key": "remove-decision" }) : null,
        h("div", { class: "field" }, h("label", { class: "form-label", for: "dmn-file" }, t("import_decision")), upload)),
      !chosen ? h("p", { class: "quiet" }, t("no_decisions"))
        : document_ ? dmn.decisionsOf(document_).map(tableOf) : h("p", { class: "said" }, t("decision_broken")));
  }

  load();
  return {
    load,
    known: () => [...open.values()].filter(Boolean).flatMap((each) => dmn.decisionsOf(each).map(({ element }) => [element.id, element.getAttribute("name") || element.id])),
    tell: (told) => { wrong = told ?? {}; draw(); },
  };
};
