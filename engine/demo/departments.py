"""The departments of the demo city 示例市 as a table (domain C.4); districts and below are made by `city`.

Codes are those that the event types name as lead and co-operating departments.
"""

from __future__ import annotations

ROOT = "city"
COMMAND, MONITORING, HOTLINE, DATA = "command_centre", "monitoring_centre", "hotline_centre", "data_centre"

ALWAYS, OFFICE = "7x24", "office"

DEPARTMENTS: tuple[tuple[str, str, str, str, str, str], ...] = (
    # code, parent, kind, calendar, 中文, English; a parent stands before its children
    (ROOT, "", "government", ALWAYS, "示例市应急委员会", "Example City Emergency Committee"),
    (COMMAND, ROOT, "centre", ALWAYS, "市应急指挥中心", "Emergency Command Centre"),
    (MONITORING, ROOT, "centre", ALWAYS, "城市安全风险监测预警中心", "Safety Risk Monitoring Centre"),
    (HOTLINE, ROOT, "centre", ALWAYS, "12345热线中心", "12345 Hotline Centre"),
    (DATA, ROOT, "centre", OFFICE, "数据资源中心", "Data Resource Centre"),
    ("emergency", ROOT, "bureau", ALWAYS, "应急管理局", "Emergency Management Bureau"),
    ("police", ROOT, "bureau", ALWAYS, "公安局", "Public Security Bureau"),
    ("traffic_police", "police", "bureau", ALWAYS, "公安局交通管理支队", "Traffic Police"),
    ("fire", ROOT, "bureau", ALWAYS, "消防救援支队", "Fire and Rescue Brigade"),
    ("health", ROOT, "bureau", ALWAYS, "卫生健康委", "Health Commission"),
    ("ambulance", "health", "bureau", ALWAYS, "急救中心", "Ambulance Centre"),
    ("disease_control", "health", "bureau", OFFICE, "疾病预防控制中心", "Disease Control Centre"),
    ("transport", ROOT, "bureau", ALWAYS, "交通运输局", "Transport Bureau"),
    ("ecology", ROOT, "bureau", OFFICE, "生态环境局", "Ecology and Environment Bureau"),
    ("water", ROOT, "bureau", ALWAYS, "水务局", "Water Bureau"),
    ("housing", ROOT, "bureau", OFFICE, "住房城乡建设局", "Housing and Construction Bureau"),
    ("urban_management", ROOT, "bureau", OFFICE, "城市管理局", "Urban Management Bureau"),
    ("sanitation", "urban_management", "bureau", OFFICE, "环境卫生管理处", "Sanitation Office"),
    ("enforcement", "urban_management", "bureau", OFFICE, "城管综合执法支队", "Urban Enforcement Brigade"),
    ("natural_resources", ROOT, "bureau", OFFICE, "自然资源局", "Natural Resources Bureau"),
    ("weather", ROOT, "bureau", ALWAYS, "气象局", "Meteorological Bureau"),
    ("market", ROOT, "bureau", OFFICE, "市场监管局", "Market Regulation Bureau"),
    ("education", ROOT, "bureau", OFFICE, "教育局", "Education Bureau"),
    ("civil_affairs", ROOT, "bureau", OFFICE, "民政局", "Civil Affairs Bureau"),
    ("culture_tourism", ROOT, "bureau", OFFICE, "文化和旅游局", "Culture and Tourism Bureau"),
    ("cyberspace", ROOT, "bureau", OFFICE, "网信办", "Cyberspace Office"),
    ("reserves", ROOT, "bureau", OFFICE, "粮食和物资储备局", "Grain and Material Reserves Bureau"),
    ("publicity", ROOT, "bureau", OFFICE, "宣传部(新闻办)", "Publicity Department"),
    ("petitions", ROOT, "bureau", OFFICE, "信访局", "Petitions Bureau"),
    ("power_company", ROOT, "enterprise", ALWAYS, "供电公司", "Power Company"),
    ("water_company", ROOT, "enterprise", ALWAYS, "供水公司", "Water Company"),
    ("gas_company", ROOT, "enterprise", ALWAYS, "燃气公司", "Gas Company"),
    ("transit_company", ROOT, "enterprise", ALWAYS, "公交地铁公司", "Bus and Metro Company"),
    ("telecom_company", ROOT, "enterprise", ALWAYS, "通信公司", "Telecom Company"),
    ("red_cross", ROOT, "social", OFFICE, "红十字会", "Red Cross"),
    ("volunteers", ROOT, "social", OFFICE, "志愿者联合会", "Volunteers' Federation"),
)

CENTRES: tuple[tuple[str, str, str], ...] = (
    # code, kind, status
    (COMMAND, "command", "online"),
    (MONITORING, "monitoring", "online"),
    (HOTLINE, "hotline", "online"),
    (DATA, "data", "degraded"),
)

DISTRICTS: tuple[tuple[str, str], ...] = (
    ("江北区", "North District"),
    ("江南区", "South District"),
    ("高新区", "Tech District"),
)
STREETS: tuple[tuple[str, str], ...] = (
    ("滨江", "Riverside"), ("文昌", "Wenchang"), ("东湖", "East Lake"), ("古城", "Old Town"),
    ("桥头", "Bridgehead"), ("南屏", "Nanping"), ("青山", "Green Hill"), ("白沙", "White Sand"),
    ("科创", "Innovation"), ("云谷", "Cloud Valley"), ("金桥", "Golden Bridge"), ("北站", "North Station"),
)  # fmt: skip
COMMUNITIES: tuple[tuple[str, str], ...] = (("第一", "First"), ("第二", "Second"), ("第三", "Third"))

POSTS_EVERYWHERE: tuple[tuple[str, str, str, str, int], ...] = (
    # code, role, 中文, English, people
    ("clerk", "department_clerk", "承办人", "Clerk", 2),
    ("head", "department_head", "负责人", "Head", 1),
    ("duty_officer", "department_clerk", "值班员", "Duty officer", 2),
)
POSTS_OF: dict[str, tuple[tuple[str, str, str, str, int], ...]] = {
    COMMAND: (
        ("intake_clerk", "intake_clerk", "受理员", "Intake clerk", 3),
        ("shift_leader", "shift_leader", "值班长", "Shift leader", 2),
        ("dispatcher", "dispatcher", "派遣员", "Dispatcher", 3),
        ("drafter", "drafter", "拟制人", "Drafter", 2),
        ("reviewer", "reviewer", "审核人", "Reviewer", 2),
        ("commander", "commander", "指挥长", "Commander", 2),
        ("verifier", "verifier", "监督员", "Verifier", 4),
        ("evaluator", "evaluator", "评价人", "Evaluator", 3),
        ("supervisor", "supervisor", "督办员", "Supervisor", 2),
        ("auditor", "auditor", "审计员", "Auditor", 1),
        ("admin", "admin", "系统管理员", "Administrator", 1),
        ("process_designer", "process_designer", "流程设计师", "Process designer", 2),
    ),
    MONITORING: (
        ("intake_clerk", "intake_clerk", "受理员", "Intake clerk", 2),
        ("dispatcher", "dispatcher", "派遣员", "Dispatcher", 1),
    ),
    HOTLINE: (
        ("intake_clerk", "intake_clerk", "话务员", "Hotline clerk", 3),
        ("shift_leader", "shift_leader", "值班长", "Shift leader", 1),
        ("verifier", "verifier", "回访员", "Call-back clerk", 2),
    ),
    DATA: (("data_steward", "data_steward", "数据管理员", "Data steward", 1),),
    "emergency": (("plan_manager", "plan_manager", "预案管理员", "Plan manager", 1),),
    "reserves": (("stock_keeper", "stock_keeper", "物资管理员", "Stock keeper", 1),),
}
ALSO: tuple[tuple[str, str, str], ...] = (
    # department, whose holders of this post hold this one too: a desk writes what it sends and decides what it signs
    (COMMAND, "dispatcher", "drafter"),
    (COMMAND, "commander", "reviewer"),
)
GRID_OFFICER = ("grid_officer", "grid_officer", "网格员", "Grid officer")
