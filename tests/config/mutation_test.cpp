// Which commands --check-config refuses to have as a check, and which it must not.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "config/mutation.hpp"

using namespace readback;

namespace {

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'')
      quoted = !quoted;
    else if (c == ' ' && !quoted)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

}  // namespace

TEST_CASE("what restarts, applies, removes or sends is told by name") {
  struct Case {
    const char *command, *why;
  };
  const Case cases[] = {
      {"bash ./scripts/redeploy-host-stack.sh", "it is the guarded redeploy itself"},
      {"./scripts/redeploy-host-stack.sh --check", "it is the guarded redeploy itself"},
      {"sh -c './scripts/verify-runtime-guardrails.sh && ./scripts/redeploy-host-stack.sh'",
       "it is the guarded redeploy itself"},
      {"env STAGE=prod bash ./scripts/redeploy-host-stack.sh", "it is the guarded redeploy itself"},
      {"docker compose up -d", "it changes containers"},
      {"docker compose -f a.yml -p fabric up", "it changes containers"},
      {"docker-compose restart fabric", "it changes containers"},
      {"podman rm -f x", "it changes containers"},
      {"docker exec x sh", "it changes containers"},
      {"systemctl restart fabric", "it changes services"},
      {"systemctl --user daemon-reload", "it changes services"},
      {"/usr/bin/sudo -n systemctl restart fabric", "it changes services"},
      {"timeout -k 5 30 systemctl stop fabric", "it changes services"},
      {"service nginx restart", "it changes services"},
      {"/etc/init.d/nginx restart", "`restart` asks it to change something"},
      {"supervisorctl restart all", "it changes services"},
      {"kubectl apply -f x.yml", "it changes the cluster"},
      {"kubectl -n prod rollout restart deploy/fabric", "it changes the cluster"},
      {"helm upgrade fabric ./chart", "it changes the cluster"},
      {"terraform apply", "it applies changes"},
      {"terraform destroy -auto-approve", "it applies changes"},
      {"ansible-playbook site.yml", "it applies changes"},
      {"git pull", "it changes the repository"},
      {"git -C /srv/fabric reset --hard", "it changes the repository"},
      {"git stash", "it changes the repository"},
      {"rm -rf /srv/fabric/cache", "`rm` changes the host"},
      {"/bin/mv a b", "`mv` changes the host"},
      {"busybox rm x", "`rm` changes the host"},
      {"nice -n 10 kill 1", "`kill` changes the host"},
      {"mkfs.ext4 /dev/sda", "`mkfs.ext4` changes the host"},
      {"find /srv -name x -delete", "`find -delete` changes the host"},
      {"find /srv -name x -exec rm {} ;", "`rm` changes the host"},
      {"sed -i s/a/b/ /srv/x", "`sed -i` edits in place"},
      {"apt-get -y install nginx", "it changes what is installed"},
      {"ip link set eth0 down", "it changes the network"},
      {"curl -X POST https://fabric.example/api/v1/dapr/state", "it sends another method than GET"},
      {"curl -sS --request=DELETE https://fabric.example/x", "it sends another method than GET"},
      {"curl -d a=b https://fabric.example/x", "it sends another method than GET"},
      {"wget --post-data=a https://fabric.example/x", "it sends another method than GET"},
      {"sh -c 'cd /srv/fabric && docker compose restart'", "it changes containers"},
      {"bash -lc 'if ! git diff --quiet; then git checkout .; fi'", "it changes the repository"},
      {"bash -c 'echo $(systemctl restart fabric)'", "it changes services"},
      {"sh -c 'rm -rf /srv/x'", "`rm` changes the host"},
      {"python3 ./scripts/verify.py --fix", "`--fix` asks it to change something"},
      {"python3 ./scripts/materialize.py --apply=true", "`--apply=true` asks it to change something"},
      {"python3 ./scripts/apply_config.py", "by its name it is there to apply"},
      {"./scripts/restart-fabric.sh", "by its name it is there to restart"},
      {"python3 ./fabricctl.py redeploy", "`redeploy` asks it to change something"},
      {"make deploy", "`deploy` asks it to change something"},
      {"npm run deploy", "`deploy` asks it to change something"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.command));
    CHECK(judge_command(words(c.command)).mutates == c.why);
  }
}

TEST_CASE("what only reads is left alone, whatever words are in it") {
  for (const char* command : {
           "python3 ./scripts/verify_runtime_materialization.py --check",
           "python ./scripts/verify_runtime_materialization.py --check",
           "./scripts/verify_runtime_materialization.py --check --json",
           "bash ./scripts/verify-runtime-guardrails.sh",
           "./check-deployment.sh",
           "./verify-restart-policy.py --service fabric",
           "./scripts/apply-config.sh --dry-run",
           "git status --porcelain",
           "git -C /srv/fabric diff --quiet",
           "git log --grep reset",
           "git stash list",
           "git apply --check x.patch",
           "docker ps",
           "docker ps --filter name=restart",
           "docker compose -f up.yml ps --format json",
           "docker inspect start",
           "docker logs --tail 5 fabric",
           "systemctl is-active fabric",
           "systemctl status restart.service",
           "systemctl --failed",
           "service nginx status",
           "kubectl get pods -o json",
           "kubectl -n prod rollout status deploy/fabric",
           "kubectl auth can-i create pods",
           "kubectl diff -f x.yml",
           "kubectl apply -f x.yml --dry-run=client",
           "helm list",
           "terraform plan -detailed-exitcode",
           "ansible-playbook site.yml --check",
           "apt list --upgradable",
           "npm audit",
           "ip addr show",
           "sysctl vm.swappiness",
           "crontab -l",
           "curl -fsS https://fabric.example/health",
           "curl -G -d q=x https://fabric.example/search",
           "curl -o /dev/null https://fabric.example/health",
           "grep restart /srv/fabric/compose.yml",
           "cat ./scripts/redeploy-host-stack.sh",
           "sha256sum -c ./scripts/redeploy-host-stack.sh",
           "find /srv/fabric -newer stamp",
           "sed -n 1,5p /srv/x",
           "python3 -c 'import sys'",
           "perl ./check.pl",
           "/opt/venv/bin/python ./check.py",
           "/etc/passwd",
           "./install --check",
           "make -q",
           "true",
       }) {
    CAPTURE(std::string(command));
    const auto opinion = judge_command(words(command));
    CHECK(opinion.mutates == "");
    CHECK(opinion.unclear == "");
  }
}

TEST_CASE("what cannot be judged from outside is allowed, and warned about") {
  struct Case {
    const char *command, *what;
  };
  const char* shell = "a shell reads this line, and what it does cannot be seen from here";
  const Case cases[] = {
      {"sh -c 'git status 2>&1 >/dev/null | grep -c restart'", shell},
      {"bash -ec 'diff a b > $TMPDIR/x; rm $TMPDIR/x'", shell},
      {"sh -c 'echo it will restart'", shell},
      {"sudo git status", "`sudo` cannot work: no right can be gained in the sandbox"},
      {"touch /srv/x", "`touch` writes, and outside the scratch folder the sandbox refuses that"},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.command));
    const auto opinion = judge_command(words(c.command));
    CHECK(opinion.mutates == "");
    CHECK(opinion.unclear == c.what);
  }
  CHECK(judge_command({}).mutates == "");
  CHECK(judge_command({"sh", "-c"}).mutates == "");
  CHECK(judge_command({"env"}).mutates == "");
}
