"""Words from which plainly fictional names and titles are made."""

TOWNS = (
    ("云溪", "Yunxi"), ("青禾", "Qinghe"), ("星槎", "Xingcha"), ("鹿鸣", "Luming"), ("海棠", "Haitang"), ("松间", "Songjian"),
    ("北冥", "Beiming"), ("南柯", "Nanke"), ("桃源", "Taoyuan"), ("镜湖", "Jinghu"), ("半山", "Banshan"), ("白鹭", "Bailu"),
    ("听雨", "Tingyu"), ("远帆", "Yuanfan"), ("晨曦", "Chenxi"), ("流光", "Liuguang"), ("知微", "Zhiwei"), ("望舒", "Wangshu"),
)  # fmt: skip
TRADES = (
    ("机器人", "Robotics"), ("生物科技", "Biotech"), ("新材料", "Materials"), ("新能源", "Energy"), ("芯片", "Chips"),
    ("智能制造", "Smart Manufacturing"), ("医疗器械", "Medical Devices"), ("软件", "Software"),
)  # fmt: skip
USES = (
    ("低温环境", "cold surroundings"), ("高湿仓库", "humid warehouses"), ("城市轨道", "city railways"), ("深海作业", "deep-sea work"),
    ("手术导航", "surgical guidance"), ("果园采摘", "orchard picking"), ("风电运维", "wind-farm upkeep"),
    ("电池回收", "battery recycling"), ("古籍修复", "restoring old books"), ("夜间巡检", "night inspection"),
    ("柔性装配", "flexible assembly"), ("微网调度", "microgrid dispatch"), ("污水监测", "waste-water monitoring"),
    ("航天热控", "thermal control in space"), ("乳品检测", "dairy testing"), ("隧道支护", "tunnel support"),
)  # fmt: skip
THINGS = (
    ("传感装置", "sensing device", "G01N27/00"), ("图像识别方法", "image recognition method", "G06V10/82"),
    ("固态电解质", "solid electrolyte", "H01M10/0562"), ("伺服关节", "servo joint", "B25J17/00"),
    ("加密通信方法", "encrypted communication method", "H04L9/32"), ("催化剂", "catalyst", "B01J23/00"),
    ("蛋白纯化工艺", "protein purification process", "C07K1/18"), ("功率模块", "power module", "H02M7/00"),
    ("柔性显示面板", "flexible display panel", "H10K59/00"), ("语音合成方法", "speech synthesis method", "G10L13/02"),
    ("减振支架", "damping bracket", "F16F15/02"), ("光纤探头", "fibre probe", "G02B6/02"),
    ("路径规划方法", "path planning method", "G05D1/02"), ("膜分离组件", "membrane module", "B01D63/00"),
    ("压力阀", "pressure valve", "F16K17/04"), ("缺陷检测系统", "defect detection system", "G06T7/00"),
)  # fmt: skip
MARKS = (
    ("云栖鹿", "YUNXILU"), ("青禾记", "QINGHEJI"), ("星槎", "STARRAFT"), ("半亩方塘", "HALFPOND"), ("松间月", "PINEMOON"),
    ("海上花", "SEAFLOWER"), ("一叶舟", "LEAFBOAT"), ("知微堂", "ZHIWEI"), ("镜湖", "MIRRORLAKE"), ("远山蓝", "FARBLUE"),
)  # fmt: skip
