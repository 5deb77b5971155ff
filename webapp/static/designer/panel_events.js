// Fields of events, gateways and sequence flows: what is waited for, what is thrown, when a way is taken.
import { data, t } from "./dom.js";
import { attribute, expression, inside } from "./panel.js";

const NAMED = {
  "bpmn:MessageEventDefinition": ["messageRef", "bpmn:Message", "name", "message"],
  "bpmn:SignalEventDefinition": ["signalRef", "bpmn:Signal", "name", "broadcast"],
  "bpmn:ErrorEventDefinition": ["errorRef", "bpmn:Error", "errorCode", "error_code"],
  "bpmn:EscalationEventDefinition": ["escalationRef", "bpmn:Escalation", "escalationCode", "escalation_code"],
};

const rootsOf = (ctx, type) => ctx.definitions().rootElements.filter((each) => each.$type === type);

/** A field over something the file declares once, found by its name or code, made where there is none of that name. */
const declared = (ctx, element, object, [reference, type, word, label]) => {
  const all = rootsOf(ctx, type);
  return {
    key: reference, label: t(label), value: object.get(reference)?.get(word) ?? "", hint: t(`${label}_hint`),
    list: all.map((each) => [each.get(word) ?? "", each.get("name") ?? ""]),
    change: (value) => {
      const wanted = value.trim();
      let found = all.find((each) => each.get(word) === wanted);
      if (!found && wanted) {
        const definitions = ctx.definitions();
        found = ctx.moddle.create(type, { id: ctx.moddle.ids.nextPrefixed(`${type.slice(5)}_`), name: wanted, [word]: wanted });
        found.$parent = definitions;
        ctx.modeling.updateModdleProperties(element, definitions, { rootElements: [...definitions.rootElements, found] });
      }
      ctx.modeling.updateModdleProperties(element, object, { [reference]: wanted ? found : undefined });
    },
  };
};

/** The correlation key of a message, which all who catch or throw it share. */
const keyField = (ctx, element, { messageRef }) => (messageRef && data.marks.includes("key")
  ? [inside(ctx, element, messageRef, "cl:key", t("key"), { type: "expression", hint: t("key_hint") })] : []);

/** The variables that take the code and the text of what was caught. */
const caughtFields = (ctx, element, definition) => (["bpmn:ErrorEventDefinition", "bpmn:EscalationEventDefinition"].includes(definition.$type) && ["bpmn:BoundaryEvent", "bpmn:StartEvent"].includes(element.type)
  ? ["code_variable", "text_variable"].filter((each) => data.marks.includes(each)).map((each) => inside(ctx, element, definition, `cl:${each}`, t(each), { hint: t("result_hint") })) : []);

const timerFields = (ctx, element, definition) => {
  const kinds = ["timeDuration", "timeDate", "timeCycle"];
  const kind = kinds.find((each) => definition.get(each)) ?? "timeDuration";
  const keep = (which, text) => {
    const made = ctx.moddle.create("bpmn:FormalExpression", { body: text });
    made.$parent = definition;
    ctx.modeling.updateModdleProperties(element, definition, Object.fromEntries(kinds.map((each) => [each, each === which ? made : undefined])));
  };
  return [
    { key: "timer_kind", label: t("timer_kind"), type: "pick", value: kind, required: true, options: kinds.map((each) => [each, t(each)]), change: (which) => keep(which, definition.get(kind)?.body ?? "") },
    { key: "timer_text", label: t("timer_text"), type: "expression", value: definition.get(kind)?.body ?? "", hint: t(`${kind}_hint`), change: (text) => keep(kind, text.trim()) },
  ];
};

const definitionFields = (ctx, element, definition) => {
  const named = NAMED[definition.$type];
  if (named) return [declared(ctx, element, definition, named), ...(definition.$type === "bpmn:MessageEventDefinition" ? keyField(ctx, element, definition) : []), ...caughtFields(ctx, element, definition)];
  if (definition.$type === "bpmn:TimerEventDefinition") return timerFields(ctx, element, definition);
  if (definition.$type === "bpmn:ConditionalEventDefinition") return [expression(ctx, element, definition, "condition", t("condition"))];
  if (definition.$type === "bpmn:LinkEventDefinition") return [inside(ctx, element, definition, "name", t("link"))];
  if (definition.$type === "bpmn:CompensateEventDefinition") return compensateFields(ctx, element, definition);
  return [];
};

const compensateFields = (ctx, element, definition) => {
  if (element.type === "bpmn:BoundaryEvent" || element.type === "bpmn:StartEvent") return [];
  const activities = ctx.all().filter((each) => each.businessObject.$instanceOf("bpmn:Activity"));
  return [{
    key: "activityRef", label: t("compensates"), type: "pick", value: definition.get("activityRef")?.id,
    options: activities.map((each) => [each.id, each.businessObject.name || each.id]),
    change: (id) => ctx.modeling.updateModdleProperties(element, definition, { activityRef: id ? ctx.elements.get(id).businessObject : undefined }),
  }, inside(ctx, element, definition, "waitForCompletion", t("compensates_waits"), { type: "check" })];
};

/** What an event waits for or throws, and whether it interrupts; the same for send and receive tasks. */
export const eventFields = (ctx, element) => {
  const object = element.businessObject;
  if (["bpmn:ReceiveTask", "bpmn:SendTask"].includes(element.type)) {
    const fields = [declared(ctx, element, object, NAMED["bpmn:MessageEventDefinition"]), ...keyField(ctx, element, object)];
    if (element.type === "bpmn:ReceiveTask") fields.push(attribute(ctx, element, "instantiate", t("instantiate"), { type: "check" }));
    return { title: t("message"), fields };
  }
  if (!object.$instanceOf("bpmn:Event")) return null;
  const definitions = object.get("eventDefinitions") ?? [];
  const fields = definitions.flatMap((each) => definitionFields(ctx, element, each));
  const kinds = definitions.map((each) => each.$type);
  const bound = element.type === "bpmn:BoundaryEvent";
  const inEvent = element.type === "bpmn:StartEvent" && object.$parent?.triggeredByEvent;
  const alwaysStops = ["bpmn:ErrorEventDefinition", "bpmn:CancelEventDefinition", "bpmn:CompensateEventDefinition"].some((each) => kinds.includes(each));
  if ((bound || inEvent) && definitions.length && !alwaysStops) fields.push(attribute(ctx, element, bound ? "cancelActivity" : "isInterrupting", t("interrupts"), { type: "check" }));
  if (definitions.length > 1) fields.push(attribute(ctx, element, "parallelMultiple", t("needs_all"), { type: "check" }));
  return { title: t("event"), fields };
};

/** What a gateway needs beside its flows. */
export const gatewayFields = (ctx, element) => {
  const object = element.businessObject;
  if (element.type === "bpmn:ComplexGateway") return { title: t("gateway"), fields: [expression(ctx, element, object, "activationCondition", t("activation"), { hint: t("activation_hint") })] };
  if (element.type === "bpmn:EventBasedGateway") {
    return { title: t("gateway"), fields: [
      attribute(ctx, element, "instantiate", t("instantiate"), { type: "check" }),
      attribute(ctx, element, "eventGatewayType", t("needs_all"), { type: "pick", required: true, options: [["Exclusive", t("first_wins")], ["Parallel", t("all_happen")]] }),
    ] };
  }
  return null;
};

const DECIDES = ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway"];

/** When a flow is taken. */
export const flowFields = (ctx, element) => {
  if (element.type !== "bpmn:SequenceFlow") return null;
  const source = element.source;
  const decides = DECIDES.includes(source.type) || source.businessObject.$instanceOf("bpmn:Activity");
  if (!decides) return null;
  const isDefault = source.businessObject.default === element.businessObject;
  const fields = [{ key: "default", label: t("default_flow"), type: "check", value: isDefault, change: (value) => ctx.modeling.updateProperties(source, { default: value ? element.businessObject : undefined }) }];
  if (!isDefault) {
    fields.unshift({
      key: "condition", label: t("condition"), type: "expression", value: element.businessObject.conditionExpression?.body ?? "", hint: t("condition_hint"),
      change: (value) => ctx.modeling.updateProperties(element, { conditionExpression: value.trim() ? ctx.moddle.create("bpmn:FormalExpression", { body: value.trim() }) : undefined }),
    });
  }
  return { title: t("flow"), fields };
};
