// Everything the mouse can draw, as buttons and lists that the keyboard reaches too.
import { button, control, h, say, t } from "./dom.js";
import { nameOf } from "./modeler.js";

const APPENDED = [
  ["bpmn:UserTask", "User task"], ["bpmn:ManualTask", "Manual task"], ["bpmn:ServiceTask", "Service task"],
  ["bpmn:BusinessRuleTask", "Business rule task"], ["bpmn:SendTask", "Send task"], ["bpmn:ReceiveTask", "Receive task"],
  ["bpmn:CallActivity", "Call activity"], ["bpmn:SubProcess", "Sub-process"], ["bpmn:ExclusiveGateway", "Exclusive gateway"],
  ["bpmn:ParallelGateway", "Parallel gateway"], ["bpmn:InclusiveGateway", "Inclusive gateway"],
  ["bpmn:EventBasedGateway", "Event-based gateway"], ["bpmn:IntermediateCatchEvent:bpmn:TimerEventDefinition", "Timer intermediate catch event"],
  ["bpmn:IntermediateCatchEvent:bpmn:MessageEventDefinition", "Message intermediate catch event"], ["bpmn:EndEvent", "End event"],
];
const BOUND = [
  ["bpmn:TimerEventDefinition", "Timer boundary event"], ["bpmn:MessageEventDefinition", "Message boundary event"],
  ["bpmn:ErrorEventDefinition", "Error boundary event"], ["bpmn:EscalationEventDefinition", "Escalation boundary event"],
  ["bpmn:SignalEventDefinition", "Signal boundary event"], ["bpmn:ConditionalEventDefinition", "Conditional boundary event"],
  ["bpmn:CompensateEventDefinition", "Compensation boundary event"],
];
const is = (element, type) => element.businessObject.$instanceOf(type);

const withChoice = (key, label, options, act) => {
  let chosen = options[0]?.[0];
  return h("div", { class: "panel-act" },
    control({ key, label, type: "pick", options, value: chosen, required: true, change: (value) => { chosen = value; } }),
    button(t("do_it"), () => act(chosen), { "data-key": `${key}-do`, "aria-label": `${label}: ${t("do_it")}` }));
};

/** Put a shape behind an element, connected, and select it. */
const append = (ctx, element, wanted) => {
  const [type, definition] = wanted.split(/:(?=bpmn:)/);
  const shape = ctx.get("elementFactory").createShape({ type, eventDefinitionType: definition, isExpanded: type === "bpmn:SubProcess" ? true : undefined });
  const made = ctx.get("autoPlace").append(element, shape);
  ctx.get("selection").select(made);
  ctx.get("canvas").scrollToElement(made, { top: 60, bottom: 60, left: 140, right: 140 });
  say(t("appended", { name: nameOf(made, ctx.elements) }));
};

const attach = (ctx, element, definition) => {
  const shape = ctx.get("elementFactory").createShape({ type: "bpmn:BoundaryEvent", eventDefinitionType: definition });
  const taken = (element.attachers ?? []).length;
  const place = { x: element.x + 20 + taken * 42, y: element.y + element.height };
  ctx.get("selection").select(ctx.modeling.createShape(shape, place, element, { attach: true }));
};

const connect = (ctx, element, id) => {
  const made = ctx.modeling.connect(element, ctx.elements.get(id));
  ctx.get("selection").select(made);
};

const changeKind = (ctx, element) => {
  const menu = ctx.get("popupMenu");
  const box = ctx.get("canvas").getContainer().getBoundingClientRect();
  menu.open(element, "bpmn-replace", { x: box.left + 120, y: box.top + 40, cursor: { x: box.left + 120, y: box.top + 40 } }, { title: t("change_kind"), width: 300, search: true });
};

const intoPool = (ctx) => {
  const inner = ctx.get("canvas").viewbox().inner;
  const shape = ctx.get("elementFactory").createParticipantShape({ type: "bpmn:Participant", isExpanded: true });
  Object.assign(shape, { width: Math.max(900, inner.width + 140), height: 320 });
  const centre = { x: inner.x + shape.width / 2 - 60, y: inner.y + inner.height / 2 };
  ctx.get("selection").select(ctx.modeling.createShape(shape, centre, ctx.root()));
};

const laneActions = (ctx, element) => [
  button(t("lanes_two"), () => ctx.modeling.splitLane(element, 2), { "data-key": "lanes-two" }),
  button(t("lanes_three"), () => ctx.modeling.splitLane(element, 3), { "data-key": "lanes-three" }),
  button(t("lane_below"), () => ctx.get("selection").select(ctx.modeling.addLane(element, "bottom")), { "data-key": "lane-below" }),
];

/** What can be done with an element. */
export const actionsOn = (ctx, element) => {
  const isRoot = element === ctx.root();
  const parts = [];
  const buttons = [];
  const others = ctx.all().filter((each) => each !== element && is(each, "bpmn:FlowNode") && !["bpmn:StartEvent", "bpmn:BoundaryEvent"].includes(each.type));
  if (is(element, "bpmn:FlowNode")) {
    if (element.type !== "bpmn:EndEvent") {
      parts.push(withChoice("append", t("append"), APPENDED.map(([type, said]) => [type, ctx.get("translate")(said)]), (type) => append(ctx, element, type)));
      if (others.length) parts.push(withChoice("connect", t("connect"), others.map((each) => [each.id, nameOf(each, ctx.elements)]), (id) => connect(ctx, element, id)));
    }
    if (is(element, "bpmn:Activity")) parts.push(withChoice("attach", t("attach"), BOUND.map(([type, said]) => [type, ctx.get("translate")(said)]), (type) => attach(ctx, element, type)));
  }
  if (element.type === "bpmn:Process") buttons.push(button(t("into_pool"), () => intoPool(ctx), { "data-key": "into-pool" }));
  if (["bpmn:Participant", "bpmn:Lane"].includes(element.type)) buttons.push(...laneActions(ctx, element));
  if (!isRoot && ["bpmn:FlowNode", "bpmn:SequenceFlow", "bpmn:Participant"].some((type) => is(element, type))) {
    buttons.push(button(t("change_kind"), () => changeKind(ctx, element), { "data-key": "change-kind" }));
  }
  if (!isRoot) buttons.push(button(t("delete"), () => ctx.modeling.removeElements([element]), { "data-key": "delete" }));
  return parts.length || buttons.length ? h("fieldset", { class: "panel-part" }, h("legend", {}, t("draw")), ...parts, h("div", { class: "actions" }, ...buttons)) : null;
};
