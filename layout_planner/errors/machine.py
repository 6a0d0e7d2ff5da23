"""Why the machine refused, in the words of a planner."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from layout_planner.errors.printable import shown

_FULL = {"zh": "磁盘已满", "en": "the disk is full"}
_DENIED = {"zh": "没有权限，或文件正被其他程序打开", "en": "no permission, or a program has the file open"}
_WORDS: Final[Mapping[int, Mapping[str, str]]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: {"zh": "文件超过允许的大小", "en": "the file is larger than allowed"},
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EBUSY: _DENIED,
    errno.EROFS: {"zh": "磁盘是只读的", "en": "the disk is read-only"},
    errno.ENOENT: {"zh": "路径不存在", "en": "no such path"},
    errno.EEXIST: {"zh": "同名文件已存在", "en": "a file of that name is there"},
    errno.ENOTDIR: {"zh": "路径中有一段是文件，不是文件夹", "en": "a part of the path is a file, not a folder"},
    errno.EISDIR: {"zh": "是文件夹，不是文件", "en": "a folder, not a file"},
    errno.ELOOP: {"zh": "符号链接绕成了圈", "en": "symbolic links lead in a circle"},
    errno.ENAMETOOLONG: {"zh": "路径太长", "en": "the path is too long"},
    errno.EIO: {"zh": "磁盘读写出错", "en": "the disk fails"},
    errno.EMFILE: {"zh": "同时打开的文件太多", "en": "too many open files"},
}
WRITING_FAILS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})


def why(error: OSError) -> Mapping[str, str]:
    """Return the reason of a refusal in Chinese and in English, for the field of a `MachineError`.

    Parameters
    ----------
    error
        What the operating system answered.

    Returns
    -------
    Mapping
        ``zh`` and ``en``; the system's own words where we have none.
    """
    words = shown(error.strerror or str(error) or type(error).__name__)
    return _WORDS.get(error.errno or 0, {"zh": words, "en": words})
