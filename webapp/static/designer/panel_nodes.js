// Fields of activities, lanes and pools: who does what, with which form, by when, how often.
import { data, h, t } from "./dom.js";
import { attribute, expression, inside, rowsOf } from "./panel.js";

const WORKING = ["bpmn:ServiceTask", "bpmn:SendTask", "bpmn:ScriptTask", "bpmn:BusinessRuleTask"];
const SHAPES = ["singleEntry", "singleResult", "collectEntries", "resultList"];
const HUMAN = ["bpmn:UserTask", "bpmn:ManualTask", "bpmn:Task"];
const is = (element, ...types) => types.some((type) => element.businessObject.$instanceOf(type));
const exactly = (element, ...types) => types.includes(element.type);
const known = (name) => data.marks.includes(name);
const only = (...fields) => fields.filter((field) => known(field.key.replace("cl:", "")));

/** Loop role, action and clock of a node. */
export const markFields = (ctx, element) => {
  if (!is(element, "bpmn:FlowNode")) return null;
  const { offers } = data;
  return { title: t("marks"), fields: only(
    attribute(ctx, element, "cl:loop", t("loop"), { type: "pick", options: offers.loop, hint: t("loop_hint") }),
    attribute(ctx, element, "cl:stage", t("stage"), { type: "pick", options: offers.stage, hint: t("stage_hint") }),
    attribute(ctx, element, "cl:action", t("action"), { list: offers.action, hint: t("action_hint") }),
  ) };
};

/** Form, person and work of a task. */
export const taskFields = (ctx, element) => {
  const { offers } = data;
  const fields = [];
  if (is(element, "bpmn:FlowNode") && !is(element, "bpmn:BoundaryEvent")) fields.push(...laneOf(ctx, element));
  if (exactly(element, ...HUMAN, "bpmn:StartEvent")) fields.push(...only(attribute(ctx, element, "cl:form", t("form"), { type: "pick", options: ctx.forms(), hint: t("form_hint") })));
  if (exactly(element, ...HUMAN)) {
    fields.push(...only(
      attribute(ctx, element, "cl:assignee", t("assignee"), { type: "expression", hint: t("assignee_hint") }),
      attribute(ctx, element, "cl:candidates", t("candidates"), { list: offers.department, hint: t("candidates_hint") }),
      attribute(ctx, element, "cl:due", t("due"), { type: "expression", hint: t("due_hint") }),
      attribute(ctx, element, "cl:priority", t("priority"), { type: "expression" }),
      attribute(ctx, element, "cl:rounds", t("rounds"), { type: "number", hint: t("rounds_hint") }),
      attribute(ctx, element, "cl:exit", t("exit"), { type: "pick", options: offers.role }),
    ));
  }
  if (exactly(element, "bpmn:BusinessRuleTask")) {
    fields.push(...only(
      attribute(ctx, element, "cl:decision", t("decision"), { type: "pick", options: ctx.decisions(), hint: t("decision_hint") }),
      attribute(ctx, element, "cl:map_result", t("map_result"), { type: "pick", options: SHAPES.map((each) => [each, t(`map_${each}`)]) }),
    ));
  }
  if (exactly(element, ...WORKING)) {
    fields.push(...only(attribute(ctx, element, "cl:operation", t("operation"), { list: offers.operation, hint: t("operation_hint") })));
  }
  if (exactly(element, ...WORKING)) {
    fields.push(...only(
      attribute(ctx, element, "cl:topic", t("topic"), { hint: t("topic_hint") }),
      attribute(ctx, element, "cl:retries", t("retries"), { type: "number" }),
      attribute(ctx, element, "cl:result", t("result"), { hint: t("result_hint") }),
    ));
  }
  const rows = exactly(element, ...HUMAN, ...WORKING) ? h("div", {}, mappings(ctx, element, "cl:Input", t("sees")), mappings(ctx, element, "cl:Output", t("writes"))) : null;
  return { title: t("work"), fields, rows };
};

/** A field over an attribute that says true or nothing. */
const yes = (ctx, element, name, label) => ({ key: name, label, type: "check", value: element.businessObject.get(name) === "true", change: (on) => ctx.modeling.updateProperties(element, { [name]: on ? "true" : undefined }) });

const lanes = (ctx) => ctx.elements.filter((each) => each.type === "bpmn:Lane" && !(each.children ?? []).some((child) => child.type === "bpmn:Lane"));

const laneOf = (ctx, element) => {
  const all = lanes(ctx);
  if (!all.length) return [];
  const here = all.find((lane) => (lane.businessObject.flowNodeRef ?? []).includes(element.businessObject));
  return [{
    key: "lane", label: t("lane"), type: "pick", value: here?.id, required: Boolean(here),
    options: all.map((lane) => [lane.id, lane.businessObject.name || lane.id]),
    change: (id) => {
      const lane = ctx.elements.get(id);
      if (!lane) return;
      const delta = { x: 0, y: Math.round(lane.y + lane.height / 2 - element.y - element.height / 2) };
      ctx.modeling.moveElements([element], delta, element.parent);
    },
  }];
};

/** Role of a lane: whoever holds it may act in the lane. */
export const laneFields = (ctx, element) => {
  if (element.type !== "bpmn:Lane") return null;
  return { title: t("who"), fields: only(
    attribute(ctx, element, "cl:role", t("role"), { type: "pick", options: data.offers.role, hint: t("role_hint") }),
    attribute(ctx, element, "cl:department", t("department"), { type: "pick", options: data.offers.department, hint: t("department_hint") }),
  ) };
};

/** The process inside a pool. */
export const poolFields = (ctx, element) => {
  const process = element.type === "bpmn:Participant" ? element.businessObject.processRef : null;
  if (!process) return null;
  const id = inside(ctx, element, process, "id", t("process_id"), { hint: t("process_id_hint") });
  const kept = id.change;
  id.change = (value) => { if (/^[A-Za-z_][\w.-]*$/.test(value)) kept(value); else ctx.refresh(); };
  return { title: t("process"), fields: [inside(ctx, element, process, "name", t("process_name")), id] };
};

/** The called process and what goes in and out. */
export const callFields = (ctx, element) => {
  if (element.type !== "bpmn:CallActivity") return null;
  const fields = [attribute(ctx, element, "calledElement", t("called"), { list: data.offers.process, hint: t("called_hint") })];
  fields.push(...only(
    attribute(ctx, element, "cl:binding", t("binding"), { type: "pick", options: ["latest", "deployment", "version", "tag"].map((each) => [each, t(`binding_${each}`)]) }),
    attribute(ctx, element, "cl:version", t("binding_which"), { hint: t("binding_which_hint") }),
    yes(ctx, element, "cl:all_in", t("all_in")), yes(ctx, element, "cl:all_out", t("all_out")),
  ));
  return { title: t("call"), fields, rows: h("div", {}, mappings(ctx, element, "cl:In", t("call_in")), mappings(ctx, element, "cl:Out", t("call_out"))) };
};

const mappings = (ctx, element, type, title) => {
  const object = element.businessObject;
  const values = object.extensionElements?.values ?? [];
  const keep = (make) => {
    const holder = object.extensionElements;
    const next = make(holder?.values ?? []);
    const made = holder ?? ctx.moddle.create("bpmn:ExtensionElements", { values: [] });
    made.$parent = object;
    for (const each of next) each.$parent = made;
    if (!holder) ctx.modeling.updateProperties(element, { extensionElements: made });
    ctx.modeling.updateModdleProperties(element, made, { values: next });
  };
  const rows = values.filter((each) => each.$type === type).map((each) => ({ each, remove: () => keep((now) => now.filter((other) => other !== each)) }));
  const cells = ({ each }, place) => ["source", "target"].map((name) => ({
    key: `${type}-${place}-${name}`, label: t(`mapping_${name}`), value: each.get(name),
    change: (value) => ctx.modeling.updateModdleProperties(element, each, { [name]: value }),
  }));
  return rowsOf(title, rows, cells, () => keep((now) => [...now, ctx.moddle.create(type, { source: "", target: "" })]));
};

/** How often an activity is done: once, for each of a collection, or again while a condition holds. */
export const repeatFields = (ctx, element) => {
  if (!is(element, "bpmn:Activity") || element.businessObject.triggeredByEvent) return null;
  const loop = element.businessObject.loopCharacteristics;
  const now = !loop ? "" : loop.$type === "bpmn:StandardLoopCharacteristics" ? "loop" : loop.isSequential ? "sequential" : "parallel";
  const make = {
    "": () => undefined,
    loop: () => ctx.moddle.create("bpmn:StandardLoopCharacteristics"),
    parallel: () => ctx.moddle.create("bpmn:MultiInstanceLoopCharacteristics"),
    sequential: () => ctx.moddle.create("bpmn:MultiInstanceLoopCharacteristics", { isSequential: true }),
  };
  const fields = [{
    key: "repeat", label: t("repeat"), type: "pick", value: now, options: ["parallel", "sequential", "loop"].map((each) => [each, t(`repeat_${each}`)]),
    change: (value) => ctx.modeling.updateProperties(element, { loopCharacteristics: make[value]() }),
  }];
  if (now === "loop") {
    fields.push(expression(ctx, element, loop, "loopCondition", t("loop_condition")),
      inside(ctx, element, loop, "testBefore", t("test_before"), { type: "check" }),
      { ...inside(ctx, element, loop, "loopMaximum", t("loop_most"), { type: "number" }), change: (value) => ctx.modeling.updateModdleProperties(element, loop, { loopMaximum: value ? Number(value) : undefined }) });
  } else if (loop) {
    const word = (name, more = {}) => inside(ctx, element, loop, `cl:${name}`, t(`multi_${name}`), more);
    fields.push(word("collection", { hint: t("multi_collection_hint") }), word("element"),
      expression(ctx, element, loop, "loopCardinality", t("multi_cardinality")),
      expression(ctx, element, loop, "completionCondition", t("multi_completion")),
      word("output_collection"), word("output_element"));
  }
  return { title: t("repetition"), fields };
};

/** What an ad-hoc sub-process needs to be done. */
export const subprocessFields = (ctx, element) => {
  const object = element.businessObject;
  if (element.type === "bpmn:AdHocSubProcess") {
    return { title: t("adhoc"), fields: [
      attribute(ctx, element, "ordering", t("adhoc_ordering"), { type: "pick", options: [["Parallel", t("adhoc_parallel")], ["Sequential", t("adhoc_sequential")]] }),
      expression(ctx, element, object, "completionCondition", t("adhoc_completion")),
      attribute(ctx, element, "cancelRemainingInstances", t("adhoc_cancel"), { type: "check" }),
    ] };
  }
  return null;
};
