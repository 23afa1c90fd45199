"""Known sandbox escapes and resource exhaustion: functions, and how each must end."""

from __future__ import annotations

# Access to the machine, the interpreter or the host, and the resulting error.
ESCAPES: dict[str, tuple[str, str]] = {
    "read a file": ("return open('/etc/passwd').read()", "PermissionError"),
    "write a file": ("return open('/tmp/x', 'w').write('x')", "PermissionError"),
    "read by pathlib": (
        "import pathlib; return pathlib.Path('/etc/passwd').read_text()", "PermissionError"),
    "climb out of the root": ("return open('../../../../etc/passwd').read()", "PermissionError"),
    "read the process": ("return open('/proc/self/environ').read()", "PermissionError"),
    "list a folder": ("import os; return os.listdir('/')", "PermissionError"),
    "list by pathlib": ("import pathlib; return list(pathlib.Path('/').iterdir())",
                        "PermissionError"),
    "make a link": ("import os; os.symlink('/etc', 'x')", "AttributeError|PermissionError"),
    "remove a file": ("import os; os.remove('/etc/passwd')", "AttributeError|PermissionError"),
    "the environment": ("import os; return dict(os.environ)", "RuntimeError"),
    "a variable of it": ("import os; return os.getenv('PATH')", "RuntimeError"),
    "a shell": ("import os; return os.system('id')", "AttributeError"),
    "a shell's output": ("import os; return os.popen('id').read()", "AttributeError"),
    "a fork": ("import os; return os.fork()", "AttributeError"),
    "the pid": ("import os; return os.getpid()", "AttributeError"),
    "kill": ("import os; os.kill(1, 9)", "AttributeError"),
    "exec of a program": ("import os; os.execv('/bin/sh', [])", "AttributeError"),
    "subprocess": ("import subprocess", "ModuleNotFoundError"),
    "a socket": ("import socket", "ModuleNotFoundError"),
    "requests": ("import requests", "ModuleNotFoundError"),
    "urllib": ("import urllib.request", "ModuleNotFoundError"),
    "http": ("import http.client", "ModuleNotFoundError"),
    "a stream of asyncio": ("import asyncio; return asyncio.open_connection('h', 1)",
                            "AttributeError"),
    "a process of asyncio": ("import asyncio; return asyncio.create_subprocess_shell('id')",
                             "AttributeError"),
    "ctypes": ("import ctypes", "ModuleNotFoundError"),
    "cffi": ("import cffi", "ModuleNotFoundError"),
    "pickle": ("import pickle", "ModuleNotFoundError"),
    "marshal": ("import marshal", "ModuleNotFoundError"),
    "importlib": ("import importlib", "ModuleNotFoundError"),
    "threads": ("import threading", "ModuleNotFoundError"),
    "processes": ("import multiprocessing", "ModuleNotFoundError"),
    "the collector": ("import gc; return gc.get_objects()", "ModuleNotFoundError"),
    "frames by inspect": ("import inspect", "ModuleNotFoundError"),
    "core itself": ("import core.errors", "ModuleNotFoundError"),
    "builtins": ("import builtins", "ModuleNotFoundError"),
    "__import__": ("return __import__('os')", "NameError"),
    "__builtins__": ("return __builtins__", "NameError"),
    "loaders": ("return __loader__", "NameError"),
    "sys.modules": ("import sys; return sys.modules", "AttributeError"),
    "frames by sys": ("import sys; return sys._getframe()", "AttributeError"),
    "a trace": ("import sys; sys.settrace(print)", "AttributeError"),
    "import under another name": ("import os as json; return json.system('id')", "AttributeError"),
    "a module's own imports": ("import json; return json.decoder.scanner", "AttributeError"),
    "os by random": ("import random; return random._os", "AttributeError"),
    "subclasses of object": ("return ().__class__.__bases__[0].__subclasses__()",
                             "AttributeError"),
    "mro by a text": ("return ''.__class__.__mro__", "AttributeError"),
    "attributes by format": ("return '{0.__class__.__init__.__globals__}'.format(f)",
                             "AttributeError"),
    "attributes by f-string": ("return f'{f.__globals__}'", "AttributeError"),
    "attributes by getattr": ("return getattr(f, '__glo' + 'bals__')", "AttributeError"),
    "a function's code": ("return (lambda: 0).__code__", "AttributeError"),
    "a function's closure": ("return f.__closure__", "AttributeError"),
    "a new code object": ("return type(f)(1, 2)", "TypeError|AttributeError"),
    "a class by type": ("return type('A', (object,), {})", "TypeError|NotImplementedError"),
    "a generator's frame": ("g = (x for x in [1]); return g.gi_frame", "AttributeError"),
    "a traceback's frame": (
        "try:\n        1 / 0\n    except Exception as e:\n        return e.__traceback__.tb_frame",
        "AttributeError"),
    "exec to import": ("exec('import socket')", "ModuleNotFoundError"),
    "eval to walk": ("return eval('().__class__')", "AttributeError"),
    "compile": ("return compile('1', 'x', 'exec')", "NameError"),
    "globals": ("return globals()", "NameError"),
    "a breakpoint": ("breakpoint()", "NameError"),
    "asking the person": ("return input()", "NameError"),
    "leaving": ("raise SystemExit", "SystemExit"),
    "leaving by sys": ("import sys; sys.exit()", "AttributeError|SystemExit"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a hook on builtins": ("print.__self__.x = 1", "AttributeError"),
    "a decorator at work": ("@open\n    def g(): pass", "TypeError|PermissionError"),
    "an object of the sandbox": ("class A:\n        pass\n    return A()", "TypeError"),
    "a value that is itself": ("a = []; a.append(a); return a", "ValueError|RecursionError"),
}  # fmt: skip

# Endless time, memory or output, and the limit that ends it.
EXHAUSTIONS: dict[str, tuple[str, str]] = {
    "an endless loop": ("while True: pass", "longer than 1 s"),
    "a loop that catches": (
        "while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass", "longer than 1 s"),
    "finally for ever": ("try:\n        while True: pass\n    finally:\n        while True: pass",
                         "longer than 1 s"),
    "sleep": ("import time; time.sleep(60)", "longer than 1 s"),
    "sleep in asyncio": ("import asyncio; asyncio.run(asyncio.sleep(60))", "longer than 1 s"),
    "endless recursion": ("return f()", "RecursionError"),
    "recursion that catches": (
        "try:\n        return f()\n    except RecursionError:\n        return f()",
        "longer than 1 s|RecursionError"),
    "a long text": ("return 'x' * 10**10", "more than 32 MiB"),
    "a long list": ("return [0] * 10**9", "more than 32 MiB"),
    "a list that grows": ("x = []\n    while True: x.append('y' * 1000)", "more than 32 MiB"),
    "a text that doubles": ("x = 'y'\n    while True: x += x", "more than 32 MiB"),
    "a nest that grows": ("x = []\n    while True: x = [x, x, 'y' * 100]",
                          "more than 32 MiB|longer than"),
    "a memory error caught": (
        "try:\n        x = 'y' * 10**10\n    except BaseException:\n        return 1",
        "more than 32 MiB"),
    "a tower of powers": ("return 10 ** 10 ** 10", "more than 32 MiB|longer than|OverflowError"),
    "a shift": ("return 1 << 10**11", "more than 32 MiB|OverflowError"),
    "a factorial": ("import math; return math.factorial(10**7)",
                    "longer than|more than 32 MiB|ValueError|killed|stopped"),
    "a range made a list": ("return list(range(10**10))", "more than 32 MiB|longer than"),
    "padding": ("return '{:>9999999999}'.format('x')", "more than 32 MiB|ValueError"),
    "padding by f-string": ("w = 10**10; return f'{1:{w}}'", "more than 32 MiB|ValueError"),
    "ljust": ("return 'x'.ljust(10**10)", "more than 32 MiB|OverflowError"),
    "replace": ("return ('x' * 10**6).replace('x', 'y' * 10**6)", "more than 32 MiB"),
    "join": ("return ('y' * 10**6).join(['x'] * 10**5)", "more than 32 MiB"),
    "shared parts written out": ("x = ['y' * 10**6]; return x * 10**5", "more than 32 MiB"),
    "nests that double when written": (
        "x = ['y']\n    for _ in range(60): x = [x, x]\n    return x",
        "more than 32 MiB|longer than|stopped"),
    "much printed": ("print('x' * 10**7)", "printed too much"),
    "endless printing": ("while True: print('x' * 1000)", "printed too much|longer than"),
    "bytes": ("return len(bytes(10**10))", "more than 32 MiB"),
    "a product": ("import itertools\n    return list(itertools.product(range(99), repeat=9))",
                  "more than 32 MiB|longer than"),
    "a huge error": ("raise ValueError('x' * 10**7)", "ValueError: x+"),
}  # fmt: skip


REGEXES = {
    "nested": (r"(a+)+$", "a" * 40 + "b"),
    "alternatives": (r"(a|a)*$", "a" * 40 + "b"),
    "overlapping": (r"(.*a){20}", "a" * 25 + "b"),
    "mail": (r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+$", "a" * 50 + "!"),
}


SHADOWS = {
    "isinstance": "isinstance = lambda *a: True",
    "str": "str = list",
    "len": "len = lambda x: [['y' * 10**6] * 10**5]",
    "TypeError": "TypeError = ValueError",
    "dumps": "import json\njson.dumps = lambda *a, **k: ['y' * 10**6] * 10**5",
    "_json": "_json = None",
}

# Bodies of functions in the operator's folder: all of Python is theirs, but not for ever.
TRUSTED: dict[str, tuple[str, str]] = {
    "an endless loop": ("while True: pass", "stopped after"),
    "a loop that ignores signals": (
        "import signal\n    for s in (15, 2, 1, 14): signal.signal(s, signal.SIG_IGN)\n"
        "    while True: pass", "stopped after"),
    "sleep": ("import time; time.sleep(600)", "stopped after"),
    "a lot of memory": ("return len(bytearray(10**10))", "more memory"),
    "memory bit by bit": ("x = []\n    while True: x.append(bytearray(10**7))", "more memory"),
    "endless printing": ("while True: print('x' * 10000)",
                         "stopped after 20000 characters of output"),
    "a huge result": ("return 'x' * 10**7", "stopped after 20000 characters of output"),
    "a fork bomb": ("import os\n    while True: os.fork() or os.fork()",
                    "more than 32 processes|BlockingIOError|without a result"),
    "a bomb of shells": (
        "import subprocess\n    while True: subprocess.Popen(['sleep', '601'])",
        "more than 32 processes|BlockingIOError|OSError|without a result"),
    "a child that leaves the group": (
        "import os, time\n    if os.fork() == 0:\n        os.setsid()\n"
        "        if os.fork() == 0:\n            time.sleep(602)\n        os._exit(0)\n"
        "    while True: pass", "stopped after"),
    "recursion": ("return f()", "RecursionError"),
    "a crash": ("import ctypes; ctypes.string_at(0)", "without a result"),
    "leaving at once": ("import os; os._exit(3)", "without a result"),
    "killing itself": ("import os; os.kill(os.getpid(), 9)", "without a result"),
    "a big file": ("import tempfile\n    with tempfile.TemporaryFile() as t:\n"
                   "        while True: t.write(b'x' * 10**7)",
                   "File too large|without a result|OSError"),
    "a value that is no JSON": ("return {1, 2}", "no JSON value"),
}  # fmt: skip
