// The properties panel: every attribute of the selected element that the engine executes, as plain form fields.
import { button, control, h, redraw, t } from "./dom.js";
import { actionsOn } from "./actions.js";
import { eventFields, flowFields, gatewayFields } from "./panel_events.js";
import { callFields, laneFields, markFields, poolFields, repeatFields, subprocessFields, taskFields } from "./panel_nodes.js";
import { kindOf, nameOf } from "./modeler.js";

/** A field over an attribute of the element's own business object. */
export const attribute = (ctx, element, name, label, more = {}) => ({
  key: name, label, ...more,
  value: element.businessObject.get(name),
  change: (value) => ctx.modeling.updateProperties(element, { [name]: value === "" ? undefined : value }),
});

/** A field over a property of an object inside the element, such as an event definition. */
export const inside = (ctx, element, object, name, label, more = {}) => ({
  key: `${object.$type}.${name}`, label, ...more,
  value: object.get(name),
  change: (value) => ctx.modeling.updateModdleProperties(element, object, { [name]: value === "" ? undefined : value }),
});

/** A field over an expression that stands in an element of its own. */
export const expression = (ctx, element, object, name, label, more = {}) => ({
  key: `${object.$type}.${name}`, label, type: "expression", hint: t("expression_hint"), ...more,
  value: object.get(name)?.body ?? "",
  change: (value) => {
    const made = value.trim() ? ctx.moddle.create("bpmn:FormalExpression", { body: value.trim() }) : undefined;
    if (made) made.$parent = object;
    ctx.modeling.updateModdleProperties(element, object, { [name]: made });
  },
});

const documentation = (ctx, element) => {
  const object = element.businessObject;
  return {
    key: "documentation", label: t("documentation"), type: "area", value: object.get("documentation")[0]?.text ?? "",
    change: (text) => {
      const made = text.trim() ? [ctx.moddle.create("bpmn:Documentation", { text })] : [];
      for (const each of made) each.$parent = object;
      ctx.modeling.updateProperties(element, { documentation: made });
    },
  };
};

const general = (ctx, element) => {
  const isText = element.type === "bpmn:TextAnnotation";
  const name = attribute(ctx, element, isText ? "text" : "name", t("name"), { type: isText ? "area" : "text" });
  const id = attribute(ctx, element, "id", t("id"), { hint: element.type === "bpmn:Process" ? t("process_id_hint") : undefined });
  const kept = id.change;
  id.change = (value) => { if (/^[A-Za-z_][\w.-]*$/.test(value) && !ctx.elements.get(value)) kept(value); else ctx.refresh(); };
  return { title: kindOf(element), fields: [name, id, documentation(ctx, element)] };
};

const sectionsOf = (ctx, element) => [
  general(ctx, element), poolFields(ctx, element), laneFields(ctx, element), markFields(ctx, element),
  taskFields(ctx, element), callFields(ctx, element), eventFields(ctx, element), gatewayFields(ctx, element),
  flowFields(ctx, element), subprocessFields(ctx, element), repeatFields(ctx, element),
].filter((each) => each && (each.fields.length || each.rows));

const chooser = (ctx, element) => {
  const options = ctx.all().map((each) => [each.id, nameOf(each, ctx.elements)]);
  return control({
    key: "chosen", label: t("element"), type: "pick", value: element.id, options, required: true,
    change: (id) => {
      const chosen = ctx.elements.get(id);
      ctx.get("selection").select(chosen === ctx.root() ? null : chosen);
      if (chosen !== ctx.root()) ctx.get("canvas").scrollToElement(chosen, 80);
    },
  });
};

const drawn = (section) => h("fieldset", { class: "panel-part" },
  h("legend", {}, section.title), ...section.fields.map(control), section.rows ?? null);

/** Keep `place` showing the fields of what is selected; returns a way to draw it again. */
export const watchPanel = (ctx, place) => {
  let findings = [];
  let shown = null;
  const show = () => {
    const chosen = ctx.get("selection").get();
    const element = chosen.length === 1 && chosen[0].type !== "label" ? chosen[0] : chosen[0]?.labelTarget ?? ctx.root();
    if (!element?.businessObject) return; // while a file is being read
    const said = findings.filter((each) => each.element === element.id);
    redraw(place,
      chooser(ctx, element),
      said.length ? h("ul", { class: "panel-findings" }, ...said.map((each) => h("li", { class: `severity-${each.severity}` }, h("b", {}, each.weight_text), " ", each.text))) : null,
      ...sectionsOf(ctx, element).map(drawn),
      actionsOn(ctx, element));
    if (shown !== element.id) place.scrollTop = 0;
    shown = element.id;
  };
  ctx.refresh = show;
  const events = ctx.get("eventBus");
  events.on(["selection.changed", "elements.changed", "import.done"], show);
  return { show, tell: (found) => { findings = found; show(); } };
};

/** Rows of a small table inside the panel, each with a button that takes it away. */
export const rowsOf = (title, rows, cells, add) => h("div", { class: "panel-rows" },
  h("b", {}, title),
  ...rows.map((row, place) => h("div", { class: "panel-row" }, ...cells(row, place).map(control),
    button("×", () => row.remove(), { "aria-label": t("remove"), title: t("remove") }))),
  button(t("add"), add));
