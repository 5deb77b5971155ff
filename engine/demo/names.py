"""People's names for the demo city, picked by seed and key so that one name does not depend on another.

Reporters have two-character surnames that no member of staff has: a search for a reporter's name then finds only
reporters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")

_SURNAMES = (
    "王 wang|李 li|张 zhang|刘 liu|陈 chen|杨 yang|赵 zhao|黄 huang|周 zhou|吴 wu|徐 xu|孙 sun|胡 hu|"
    "朱 zhu|高 gao|林 lin|何 he|郭 guo|马 ma|罗 luo|梁 liang|宋 song|郑 zheng|谢 xie|韩 han|唐 tang|"
    "冯 feng|于 yu|董 dong|萧 xiao|程 cheng|曹 cao|袁 yuan|邓 deng|许 xu|傅 fu|沈 shen|曾 zeng|彭 peng|"
    "吕 lv|苏 su|卢 lu|蒋 jiang|蔡 cai|贾 jia|丁 ding|魏 wei|薛 xue"
)
_GIVEN = (
    "伟 wei|芳 fang|娜 na|敏 min|静 jing|丽 li|强 qiang|磊 lei|军 jun|洋 yang|勇 yong|艳 yan|杰 jie|"
    "娟 juan|涛 tao|明 ming|超 chao|霞 xia|平 ping|刚 gang|桂英 guiying|建国 jianguo|文博 wenbo|雨桐 yutong|"
    "志强 zhiqiang|晓东 xiaodong|海燕 haiyan|立新 lixin|思远 siyuan|佳怡 jiayi|浩然 haoran|子涵 zihan|"
    "国庆 guoqing|春梅 chunmei|玉兰 yulan|振华 zhenhua|秀珍 xiuzhen|家豪 jiahao|梦琪 mengqi|俊峰 junfeng|"
    "天佑 tianyou|若曦 ruoxi|嘉诚 jiacheng|欣然 xinran|永康 yongkang|少华 shaohua"
)
_REPORTER_SURNAMES = "欧阳|司马|上官|诸葛|慕容|令狐|尉迟|皇甫|东方|公孙|轩辕|长孙|宇文|司徒|司空|夏侯"
_REPORTER_GIVEN = "知秋|望舒|怀瑾|清和|听澜|书言|予安|见山|云起|归鸿|明澈|长歌|疏影|南星|临川|景行|允执|鹿鸣"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((zh, latin) for zh, latin in (entry.split(" ") for entry in _words(text)))


_STAFF_SURNAMES, _STAFF_GIVEN = _pairs(_SURNAMES), _pairs(_GIVEN)
_COMPOUND_SURNAMES, _REPORTER_NAMES = _words(_REPORTER_SURNAMES), _words(_REPORTER_GIVEN)


def number(seed: int, key: str, below: int) -> int:
    """A number from 0 up to `below`, always the same for the same seed and key."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}".encode()).digest()[:8], "big") % below


def pick(seed: int, key: str, options: Sequence[_T]) -> _T:
    """One of the options, always the same for the same seed and key."""
    return options[number(seed, key, len(options))]


def staff_name(seed: int, key: str) -> tuple[str, str]:
    """A Chinese name and its transliteration, like 张伟 and zhangwei; two keys may share one."""
    surname, surname_latin = pick(seed, f"{key}/surname", _STAFF_SURNAMES)
    given, given_latin = pick(seed, f"{key}/given", _STAFF_GIVEN)
    return surname + given, surname_latin + given_latin


def reporter(seed: int, n: int) -> tuple[str, str]:
    """Name and phone of the n-th reporter, n below 288; the numbers begin with 100, which no operator gives out."""
    surname = _COMPOUND_SURNAMES[n % len(_COMPOUND_SURNAMES)]
    given = _REPORTER_NAMES[n // len(_COMPOUND_SURNAMES) % len(_REPORTER_NAMES)]
    return surname + given, f"100{n:03}{number(seed, f'phone/{n}', 100_000):05}"
