"""The proxies of docs/proxies.md, with the configurations that stand there: each function writes the files of one proxy and
returns the command that starts it, between a public port and that of crier."""
import pathlib, re, socket, textwrap

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/proxies.md"


def blocks(title):
    """The configurations under a heading of the document."""
    section = DOCUMENT.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", section, re.M)
    return [textwrap.dedent(text).strip("\n") for text in found]


def block(title, start=""):
    """The first configuration under a heading that begins with these words."""
    return next(text for text in blocks(title) if text.startswith(start))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(directory, port, public):
    locations = block("nginx").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    (directory / "nginx.conf").write_text(f"""
        daemon off; master_process off; pid {directory}/pid; error_log stderr;
        events {{}}
        http {{
            access_log off; client_body_temp_path {directory}; proxy_temp_path {directory};
            fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory};
            server {{ listen 127.0.0.1:{public}; {locations} }}
        }}""")
    return ["nginx", "-c", directory / "nginx.conf", "-p", directory]


def caddy(directory, port, public):
    site = block("Caddy").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    site = site.replace("events.example {", f"http://:{public} {{\nbind 127.0.0.1", 1)
    (directory / "Caddyfile").write_text("{\nadmin off\n}\n" + site)
    return ["env", f"XDG_DATA_HOME={directory}", f"XDG_CONFIG_HOME={directory}",
            "caddy", "run", "--config", directory / "Caddyfile", "--adapter", "caddyfile"]


def haproxy(directory, port, public):
    text = block("HAProxy").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    (directory / "haproxy.cfg").write_text(re.sub(r"bind .*", f"bind 127.0.0.1:{public}", text) + "\n")
    return ["haproxy", "-db", "-f", directory / "haproxy.cfg"]


def apache(directory, port, public):
    # 8079 first: crier's port may have these digits.
    text = block("Apache").replace("8079", str(free_port())).replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    text = text.replace("*:80", f"127.0.0.1:{public}").replace("/srv/down", f"{directory}/down")
    (directory / "down").mkdir(mode=0o755)
    (directory / "down/down.sse").write_text("retry: 5000\n\n")
    modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_balancer", "lbmethod_byrequests", "slotmem_shm",
               "rewrite", "mime"]
    loads = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules)
    (directory / "apache.conf").write_text(
        f"ServerRoot {directory}\nServerName events.example\nPidFile {directory}/pid\nDefaultRuntimeDir {directory}\n"
        f"ErrorLog {directory}/log\nTypesConfig /dev/null\n{loads}\nListen 127.0.0.1:{public}\n{text}\n")
    return ["apache2", "-D", "FOREGROUND", "-f", directory / "apache.conf"]


def varnish(directory, port, public):
    (directory / "crier.vcl").write_text(block("Varnish").replace('"8080"', f'"{port}"') + "\n")
    return ["varnishd", "-F", "-a", f"127.0.0.1:{public}", "-f", directory / "crier.vcl", "-n", directory / "work",
            "-s", "malloc,16m"]


ALL = [nginx, caddy, haproxy, apache, varnish]
# These hold a client until crier is back.
HOLDING = [caddy, haproxy]
