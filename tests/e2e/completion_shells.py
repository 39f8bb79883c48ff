# SPDX-License-Identifier: BSD-2-Clause
# Three shells as somebody sits in front of them, asked what they offer behind a line that was typed so far.

import os
import pty
import re
import select
import shutil
import subprocess
import time

import suite

PATIENCE = 60
SHELLS = ("bash", "zsh", "fish")


class Folder:
    """Where completions, and the binary with its links, are found."""

    def __init__(self, completions, binaries):
        self.completions = completions
        self.env = {"PATH": binaries + ":" + os.environ.get("PATH", "/usr/bin:/bin"), "TERM": "dumb", "LC_ALL": "C.UTF-8",
                    "HOME": "/nonexistent"}


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, words, env):
        if not shutil.which(words[0]):
            raise suite.Skip(f"{words[0]} is not installed (./bootstrap install e2e)")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, env)
        self.seen = ""

    def send(self, text):
        os.write(self.fd, text.encode())

    def until(self, condition):
        """Reads what it writes until condition(all of it) is true, and returns that."""
        end = time.monotonic() + PATIENCE
        while not (found := condition(self.seen)):
            if time.monotonic() > end:
                raise AssertionError(f"the shell does not answer; it said {self.seen[-500:]!r}")
            if select.select([self.fd], [], [], 0.2)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
        return found

    def close(self):
        os.close(self.fd)  # which hangs up on it
        os.waitpid(self.pid, 0)


class Bash:
    """Readline's own insert-completions; then the line is printed word by word."""

    def __init__(self, folder):
        self.folder = folder
        self.shell = Terminal(["bash", "--norc", "--noprofile", "-i"], folder.env)
        self.number = 0
        self.run("PS1=; bind 'set enable-bracketed-paste off'; bind 'set completion-query-items 0'; stty -echo")
        for name in ("corescope", "execsnoop", "sigsnoop", "cpudist"):
            self.run(f". {folder.completions}/{'' if name == 'corescope' else 'links/'}bash/{name}")

    def run(self, text):
        self.number += 1
        self.shell.send(f"{text}\nprintf 'end%s\\n' {self.number}\n")
        self.shell.until(lambda seen: f"end{self.number}\r\n" in seen)

    def offers(self, line):
        self.shell.seen = ""
        self.number += 1
        # Escape and * put all that is offered into the line; Control-A goes to its beginning.
        self.shell.send(f"{line}\x1b*\x01printf '<%s>' \x05; printf 'end%s\\n' {self.number}\n")
        said = self.shell.until(lambda seen: re.search(f"end{self.number}\r\n", seen) and seen)
        words = re.findall(r"<([^<>]*)>", said.replace("\r\n", ""))
        begun = line.split(" ")
        offered = words[len(begun) - 1:]
        if offered[:1] == [begun[-1]] and not line.endswith("="):
            offered = [] if len(offered) == 1 and offered[0] == begun[-1] else offered
        return {word.split("=")[-1] if "=" in begun[-1] else word.rstrip("=") for word in offered}

    def close(self):
        self.shell.close()


class Zsh:
    """compadd, by which everything is offered, also writes it to a file."""

    def __init__(self, folder):
        self.folder = folder
        self.file = os.path.join(folder.env["SCRATCH"], "zsh-offers")
        init = os.path.join(folder.env["SCRATCH"], "init.zsh")
        with open(init, "w") as out:
            out.write(f"""
PS1= RPS1=; unsetopt zle_bracketed_paste prompt_sp 2> /dev/null; unset zle_bracketed_paste
fpath=({folder.completions}/zsh {folder.completions}/links/zsh $fpath)
autoload -Uz compinit && compinit -u -D
offer() {{
	compadd() {{
		if (( ${{@[(I)-[OAD]]}} )); then builtin compadd "$@"; return; fi
		local -a offered
		builtin compadd -O offered "$@"
		print -rl -- $offered >> {self.file}
		builtin compadd "$@"
	}}
	_main_complete
	unfunction compadd
	compstate[insert]= compstate[list]= # a long list would ask whether to be shown
	print -r -- end-of-offers >> {self.file}
}}
zle -C offer list-choices offer
bindkey '^T' offer
print ready-$((1 + 1))
""")
        self.shell = Terminal(["zsh", "-f", "-i"], folder.env)
        self.shell.send(f"source {init}\n")
        self.shell.until(lambda seen: "ready-2" in seen)

    def offers(self, line):
        if os.path.exists(self.file):
            os.unlink(self.file)
        self.shell.send("\x15" + line + "\x14")

        def answer(_):
            if not os.path.exists(self.file):
                return None
            with open(self.file) as file:
                words = file.read().split("\n")
            return words if "end-of-offers" in words else None

        words = self.shell.until(answer)
        folder = line.split(" ")[-1].rpartition("/")  # of a path, only the last part is offered
        return {folder[0] + folder[1] + word.rstrip("=") for word in words if word not in ("", "end-of-offers")}

    def close(self):
        self.shell.close()


class Fish:
    """complete -C tells what would be offered; `words` also tells what stands beside it."""

    def __init__(self, folder):
        if not shutil.which("fish"):
            raise suite.Skip("fish is not installed (./bootstrap install e2e)")
        self.folder = folder

    def words(self, line):
        folder = self.folder
        said = subprocess.run(
            ["fish", "--no-config", "-c", "set -p fish_complete_path $argv[1]/fish $argv[1]/links/fish; complete -C$argv[2]",
             folder.completions, line],
            env={**folder.env, "HOME": folder.env["SCRATCH"]}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=PATIENCE)
        assert not said.stderr, said.stderr
        lines = [one.split("\t") for one in said.stdout.splitlines()]
        return {one[0]: one[1] if len(one) > 1 else "" for one in lines}

    def offers(self, line):
        return {word.split("=")[-1] if "=" in line.split(" ")[-1] else word for word in self.words(line)}

    def close(self):
        pass


def shell(name, folder):
    return {"bash": Bash, "zsh": Zsh, "fish": Fish}[name](folder)
