"""What there is to know about a text that was read, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from core.note import Note

__all__ = ["REMARKS"]

REMARKS: Mapping[str, Note] = {
    "not_a_function": Note(
        "这是服务商自带的工具，不是函数，已跳过。",
        "A tool that the provider runs itself, not a function; it was passed over.",
    ),
    "renamed": Note(
        "名字含有接口不接受的字符，已替换成下划线。",
        "The name had characters that no API takes; they became underscores.",
    ),
    "made_up_name": Note(
        "原文没有名字，这个名字是根据地址取的。",
        "There was no name, so one was made from the address.",
    ),
    "no_server": Note(
        "文档没有写服务器的完整地址（servers），所以只能看，不能调用。",
        "The document names no server with a whole address (servers), so it can only be looked "
        "at, not called.",
    ),
    "cookie": Note(
        "Cookie 参数不会发送，已略去。", "Cookies are not sent; this parameter was left out."
    ),
    "credentials": Note(
        "密钥和密码不会保存，已从定义里去掉；运维人员可以在工具文件夹里用 os.environ/变量名 写上。",
        "Keys and passwords are not kept; it was taken out. An operator can name it in the tools "
        "folder as os.environ/VARIABLE.",
    ),
    "body_type": Note(
        "请求体不是 JSON，也不是表单，无法用参数填写，已略去。",
        "The body is neither JSON nor a form, so arguments cannot fill it; it was left out.",
    ),
    "option": Note(
        "这个 curl 选项对调用没有影响，已忽略。",
        "This option of curl does not change the call; it was ignored.",
    ),
    "outside_ref": Note(
        "引用指向另一个文件，读不到，按任意值处理。",
        "This reference points into another file, which is not read; it counts as any value.",
    ),
    "decorator": Note(
        "装饰器没有执行，只读取了函数本身。",
        "The decorator was not run; only the function itself was read.",
    ),
    "not_read": Note(
        "这条语句在读取定义时没有执行。",
        "This statement was not run while the definitions were read.",
    ),
    "same_name": Note(
        "有两个工具同名，模型分不清。", "Two tools have this name; a model cannot tell them apart."
    ),
}
