// Programs that take a secret as an argument, each with its own option, and the statements of SQL. A rule is looked at
// only where its program's name stands in the text.
#include <vector>

#include "core/redaction/expression.hpp"
#include "core/redaction/finders.hpp"
#include "core/redaction/values.hpp"

namespace readback {
namespace {

struct Command {
  std::string_view program;  ///< what must stand in the text, in lower case
  const char* pattern;       ///< its group is the secret; (?i) is in front of it already
};

// What stands for one argument: quoted or bare.
#define ARGUMENT R"re(("[^"\n]+"|'[^'\n]+'|(?:[^\s"'\\]|\\.)+))re"

// What is handed to the program behind the bar.
#define PIPED R"re(\b(?:echo|printf)\s+(?:-\w+\s+)?(?:'%s'\s+)?("[^"\n]+"|'[^'\n]+'|[^\s"'|]+)\s*\|)re"

// clang-format off
constexpr Command commands[] = {
    {"mysql", R"re(\bmysql\w*\b[^\n|]*?\s(?-i:-p)["']?([^\s"'=]+))re"},
    {"mariadb", R"re(\bmariadb\S*\b[^\n|]*?\s(?-i:-p)["']?([^\s"'=]+))re"},
    {"curl", R"re(\bcurl\b[^\n|]*?\s(?-i:-[a-zA-Z]*u)\s*["']?[^\s:"']+:([^\s"']+))re"},
    {"curl", R"re(\bcurl\b[^\n|]*?\s--(?:proxy-)?user[ =]["']?[^\s:"']+:([^\s"']+))re"},
    {"-u", R"re((?:^|\s)-u\s*["']?[A-Za-z][^\s:"'/]*:([^\s"':]{4,}))re"},
    {"--user", R"re(\s--(?:proxy-)?user[ =]["']?[^\s:"']+:([^\s"']+))re"},
    {"-cli", R"re(\b(?:redis|valkey|keydb)-cli\b[^\n|]*?\s(?:-a|--pass|--askpass)[ =])re" ARGUMENT},
    {"auth ", R"re((?:^|[\s"'])auth\s+(?:[a-z0-9_-]+\s+)?["']?([^\s"']*[0-9!@#$%^&*][^\s"']*))re"},
    {"docker", R"re(\b(?:docker|podman|buildah|skopeo|helm|oras|crane|nerdctl)\b[^\n|]*?\blogin\b[^\n|]*?\s(?:-p\s*|--password[ =]))re" ARGUMENT},
    {"podman", R"re(\bpodman\b[^\n|]*?\blogin\b[^\n|]*?\s(?:-p\s*|--password[ =]))re" ARGUMENT},
    {" login ", R"re(\blogin\b[^\n|]*?\s(?-i:-p)[ =]?)re" ARGUMENT},
    {"smb", R"re(\b(?:smbclient|smbmap|smbget|rpcclient|net|wmic)\b[^\n|]*?\s(?-i:-U|--user)[ =]?["']?[^\s%"']+%([^\s"']+))re"},
    {"rpcclient", R"re(\brpcclient\b[^\n|]*?\s(?-i:-U|--user)[ =]?["']?[^\s%"']+%([^\s"']+))re"},
    {"pass:", R"re(\bpass:([^\s"']+))re"},
    {"openssl", R"re(\bopenssl\s+(?:enc|aes\S*)\b[^\n|]*?\s-k\s+)re" ARGUMENT},
    {"sshpass", R"re(\bsshpass\s+(?:-v\s+)?-p\s*)re" ARGUMENT},
    {"ldap", R"re(\bldap\w+\b[^\n|]*?\s(?-i:-w)\s*)re" ARGUMENT},
    {"mongo", R"re(\bmongo\w*\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"rabbitmqctl", R"re(\brabbitmqctl\b[^\n|]*?\b(?:change_password|add_user|authenticate_user)\s+\S+\s+)re" ARGUMENT},
    {"htpasswd", R"re(\bhtpasswd\b[^\n|]*?\s-[a-zA-Z]*b[a-zA-Z]*\s+(?:\S+\s+)?\S+\s+)re" ARGUMENT},
    {"net user", R"re(\bnet\s+user\s+\S+\s+["']?([^\s"'/]+))re"},
    {"net use ", R"re(\bnet\s+use\s+\S+(?:\s+\S+)?\s+["']?([^\s"'/]+)["']?\s+/user)re"},
    {"az ", R"re(\baz\s+\w[^\n|]*?\s(?-i:-p)[ =]?)re" ARGUMENT},
    {"sqlcmd", R"re(\b(?:sqlcmd|bcp|osql)\b[^\n|]*?\s(?-i:-P)\s*)re" ARGUMENT},
    {"bcp", R"re(\bbcp\b[^\n|]*?\s(?-i:-P)\s*)re" ARGUMENT},
    {"sqlplus", R"re(\b(?:sqlplus|exp|imp|expdp|impdp|sqlldr|rman)\b[^\n|]*?\s["']?[A-Za-z][\w$#]*/["']?([^\s"'@/]+))re"},
    {"expdp", R"re(\bexpdp\s+["']?[A-Za-z][\w$#]*/["']?([^\s"'@/]+))re"},
    {"impdp", R"re(\bimpdp\s+["']?[A-Za-z][\w$#]*/["']?([^\s"'@/]+))re"},
    {"jdbc:oracle", R"re(jdbc:oracle:\w+:[^\s/@:]+/([^\s@"']+)@)re"},
    {"ipmitool", R"re(\bipmitool\b[^\n|]*?\s(?-i:-P)\s*)re" ARGUMENT},
    {"mosquitto", R"re(\bmosquitto_\w+\b[^\n|]*?\s(?-i:-P)\s*)re" ARGUMENT},
    {"zip", R"re(\b(?:zip|unzip|zipcloak)\b[^\n|]*?\s(?-i:-P)\s*)re" ARGUMENT},
    {"7z", R"re(\b7z[ar]?\b[^\n|]*?\s-p["']?([^\s"']+))re"},
    {"rar ", R"re(\b(?:un)?rar\b[^\n|]*?\s-h?p["']?([^\s"'-][^\s"']*))re"},
    {"freerdp", R"re(\b[xw]?l?freerdp\S*\b[^\n|]*?\s/p:["']?([^\s"']+))re"},
    {"rdesktop", R"re(\brdesktop\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"snmp", R"re(\bsnmp\w+\b[^\n|]*?\s(?-i:-[AX])\s*)re" ARGUMENT},
    {"snmp", R"re(\bsnmp\w+\b[^\n|]*?\s(?-i:-[AX])\s*\S+[^\n|]*?\s(?-i:-[AX])\s*)re" ARGUMENT},
    {"snmp", R"re(\bsnmp\w+\b[^\n|]*?\s(?-i:-c)\s*)re" ARGUMENT},
    {"psexec", R"re(\bpsexec\S*\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"twine", R"re(\btwine\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"ssh-keygen", R"re(\bssh-keygen\b[^\n|]*?\s(?-i:-[NP])\s*)re" ARGUMENT},
    {"lftp", R"re(\blftp\b[^\n|]*?\s-u\s*["']?[^\s,"']+,([^\s"']+))re"},
    {"ncftp", R"re(\bncftp\w*\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"useradd", R"re(\b(?:useradd|usermod)\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"usermod", R"re(\busermod\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"chpasswd", R"re(\becho\s+(?:-\w+\s+)?["']?[^\s:"']+:([^\s"'|]+)["']?\s*\|\s*(?:sudo\s+)?chpasswd)re"},
    {"passwd", R"re(\becho\s+(?:-\w+\s+)?["']?([^\s"'|]+)["']?\s*\|\s*(?:sudo\s+)?passwd\b)re"},
    {"sudo", R"re(\becho\s+(?:-\w+\s+)?["']?([^\s"'|]+)["']?\s*\|\s*sudo\s+-\w*S)re"},
    {"login", R"re(\becho\s+(?:-\w+\s+)?["']?([^\s"'|]+)["']?\s*\|\s*(?:docker|podman|helm|gh|az|vault|oc|cosign)\b[^\n]*login)re"},
    {"wpa_passphrase", R"re(\bwpa_passphrase\s+(?:"[^"]*"|\S+)\s+)re" ARGUMENT},
    {"nmcli", R"re(\bnmcli\b[^\n|]*?\s(?:password|wifi-sec\.psk)\s+)re" ARGUMENT},
    {"isql", R"re(\bisql\b(?:\s+-\w+)*\s+\S+\s+\S+\s+["']?([^\s"'-][^\s"']*))re"},
    {"evil-winrm", R"re(\bevil-winrm\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"crackmapexec", R"re(\bcrackmapexec\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"impacket", R"re(\bimpacket-\w+\s[^\n|]*?[\w./-]+:([^\s"'@]+)@)re"},
    {"vault login", R"re(\bvault\s+login\s+(?:-\S+\s+)*["']?([^\s"'=-][^\s"'=]*)(?:["'\s]|$))re"},
    {"oc login", R"re(\boc\s+login\b[^\n|]*?\s(?-i:-p)[ =]?)re" ARGUMENT},
    {"argocd", R"re(\bargocd\b[^\n|]*?--(?:admin-)?password[ =])re" ARGUMENT},
    {"cqlsh", R"re(\bcqlsh\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"clickhouse", R"re(\bclickhouse\S*\b[^\n|]*?\s--password[ =]?)re" ARGUMENT},
    {"influx", R"re(\binflux\b[^\n|]*?\s(?:-t|-p)\s+)re" ARGUMENT},
    {"nats", R"re(\bnats\b[^\n|]*?\s--(?:password|creds-seed|nkey-seed)[ =])re" ARGUMENT},
    {"restic", R"re(\brestic\b[^\n|]*?--password-command[ =]["']?echo\s+)re" ARGUMENT},
    {"identified", R"re(\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+|values\s+)?["'`]((?:[^"'`\\]|\\.|'')+))re"},
    {"identified", R"re(\bidentified\s+by\s+([^\s"'`;]+))re"},
    {"password for", R"re(\bpassword\s+for\s+\S+\s*=\s*(?:password\s*\(\s*)?["']([^"'\n]+))re"},
    {"password", R"re(\bpassword\s*\(\s*["']([^"'\n]+))re"},
    {"password", R"re(\bmachine\s+\S+(?:\s+login\s+\S+)?\s+password\s+(\S+))re"},
    {"-pass", R"re((?:^|\s)--?[a-z0-9-]*(?:password|passwd|passphrase|pass|passcode)(?:\s+|=)["']?([^\s"'-][^\s"']*))re"},
    {"pass", R"re((?:^|\s)-[a-z]*(?:storepass|keypass|srcstorepass|deststorepass|password|passphrase|passwd|pass)\s+["']?([^\s"'-][^\s"']*))re"},
    {"--", R"re((?:^|\s)--?[a-z0-9-]*(?:token|secret|api-?key|access-?key|secret-?key|client-?secret|auth-?key|private-?key|otp|pin|psk|credential)(?:\s+|=)["']?([^\s"'-][^\s"']*))re"},
    {"requirepass", R"re(\b(?:requirepass|masterauth)\s+["']?([^\s"']+))re"},
    {"masterauth", R"re(\bmasterauth\s+["']?([^\s"']+))re"},
    {"wg set", R"re(\bwg\s+set\b[^\n|]*?\bpreshared-key\s+(\S+))re"},
    {"aws_", R"re(\baws_(?:secret_access_key|session_token)\s+([^\s"'=]+))re"},
    {"chap", R"re(^\s*["']?[\w*.@-]+["']?\s+\S+\s+["']([^\s"']+)["'](?:\s+\*|\s*$))re"},
    {"curl", R"re(\bcurl\b[^\n|]*?\s(?-i:-E|--cert)[ =]["']?[^\s:"']+:([^\s"']+))re"},
    {"setuser", R"re(\bacl\s+setuser\b[^\n]*?\s>(\S+))re"},
    {"smbclient", R"re(\bsmbclient\s+["']?[/\\]{2}\S+\s+["']?([^\s"'-][^\s"']*))re"},
    {"-u ", R"re(\s(?-i:-U)\s*["']?[^\s%"']+%([^\s"']+))re"},
    {"/user:", R"re(/user:\S+\s+["']?([^\s"'/]+))re"},
    {"rabbitmqadmin", R"re(\brabbitmqadmin\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"cypher-shell", R"re(\bcypher-shell\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"pass ", R"re((?:^[<>\s]*|ftp>\s*(?:quote\s+)?|\bC:\s*)(?-i:PASS)\s+(\S+))re"},
    {"ugfzc3dvcmq6", R"re(334 UGFzc3dvcmQ6\s+(\S+))re"},
    {"login ", R"re((?:^\s*[a-z]*|\b[a-z]{1,4})\d+\s+(?-i:LOGIN)\s+\S+\s+(\S+))re"},
    {"<<<", R"re(\bchpasswd\s*<<<\s*["']?[^\s:"']+:([^\s"']+))re"},
    {"<<<", R"re(\b(?:passwd|kinit|sudo|su|cryptsetup|login)\b[^\n|]*?<<<\s*)re" ARGUMENT},
    {"cryptsetup", PIPED R"re(\s*(?:sudo\s+)?cryptsetup)re"},
    {"kinit", PIPED R"re(\s*kinit)re"},
    {"exec", R"re(\b(?:ps|wmi|smb|at|dcom)exec(?:\.py)?\s+[^\s:@]+:([^\s"'@]+)@)re"},
    {"secretsdump", R"re(\bsecretsdump(?:\.py)?\s+[^\s:@]+:([^\s"'@]+)@)re"},
    {"securestring", R"re(\bConvertTo-SecureString\s+(?:-String\s+)?)re" ARGUMENT},
    {"rclone", R"re(\brclone\s+obscure\s+)re" ARGUMENT},
    {"community", R"re(^\s*(?:ro|rw)community6?\s+(\S+))re"},
    {"community", R"re(\bsnmp-server\s+community\s+(\S+))re"},
    {"pragma", R"re(\bpragma\s+(?:\w+\.)?(?:hex|re|text)?key\s*=\s*["']([^"'\n]+))re"},
    {"attach", R"re(\battach\s+(?:database\s+)?\S+\s+as\s+\S+\s+key\s+["']([^"'\n]+))re"},
    {"pgp_sym", R"re(\bpgp_sym_\w+\s*\([^,\n]+,\s*["']([^"'\n]+))re"},
    {"aes_", R"re(\baes_(?:en|de)crypt\s*\([^,\n]+,\s*["']([^"'\n]+))re"},
    {"->__construct", R"re(PDO->__construct\([^,\n]*,[^,\n]*,\s*["']([^"'\n]+))re"},
    {"authenticate(", R"re(authenticate\(\s*["'][^"'\n]*["']\s*,\s*["']([^"'\n]+))re"},
    {"login(", R"re(\blogin\(\s*["'][^"'\n]*["']\s*,\s*["']([^"'\n]+))re"},
    {"_connect(", R"re(\b(?:mysqli?|pg|ftp|ldap)\w*_connect\(\s*["'][^"'\n]*["']\s*,\s*["'][^"'\n]*["']\s*,\s*["']([^"'\n]+))re"},
    {"(", R"re(\b(?:secret|password|passwd|passphrase|secretstr|apikey|token)\(\s*["']([^"'\n]+)["']\s*\))re"},
    {"{", R"re(\{\s*'?\w*(?:passw?(?:or)?d?|passphrase|secret|token|cookie)'?\s*,\s*(?:<<)?"([^"\n]+))re"},
    {"<<\"", R"re(<<"\w*(?:password|secret|token|api_?key)">>\s*(?:,|=>)\s*<<"([^"\n]+))re"},
    {";s:", R"re("\w*(?:pass|password|passwd|secret|token|api_?key)\w*";s:\d+:"([^"\n]+))re"},
    {"password ", R"re(\b(?:login|user)\s+\S+\s+(?:insecure-)?password\s+(\S+))re"},
    {"sonar.", R"re(-Dsonar\.(?:login|token)=(\S+))re"},
    {"define(", R"re(define\(\s*["']\w+_(?:KEY|SALT)["']\s*,\s*["']([^"'\n]+))re"},
    {"user ", R"re(^\s*user\s+\S+\s+(?:on|off)\b[^\n]*?\s[>#](\S+))re"},
    {"plink", R"re(\b(?:plink|pscp|psftp|putty)\S*\b[^\n|]*?\s-pw\s+)re" ARGUMENT},
    {"login ", R"re((?:^\s*[a-z]*|\b[a-z]{1,4})\d+\s+(?-i:LOGIN)\s+\S+\s+"([^"\n]+))re"},
    {"identify", R"re(\bNickServ\s+IDENTIFY\s+(?:\S+\s+)?(\S+)\s*$)re"},
    {"mc alias", R"re(\bmc\s+alias\s+set\s+\S+\s+\S+\s+\S+\s+(\S+))re"},
    {"crypt(", R"re(\bcrypt\s*\(\s*["']([^"'\n]+))re"},
    {"*", R"re(^\s*["']?[\w.@-]+["']?\s+\*\s+["']([^"'\n]+)["'](?:\s+\*|\s*$))re"},
    {"password 7", R"re(\bpassword\s+7\s+([0-9A-F]{6,})\b)re"},
    {".auth(", R"re(\.auth\(\s*["'][^"'\n]*["']\s*,\s*["']([^"'\n]+))re"},
    {"creds", R"re(\s--(?:src-|dest-)?creds[ =]["']?[^\s:"']+:([^\s"']+))re"},
    {"schtasks", R"re(\bschtasks\b[^\n]*?\s/rp\s+)re" ARGUMENT},
    {"requirepass", R"re([0-9]+\) "(?:requirepass|masterauth)"\s+[0-9]+\) "([^"\n]+))re"},
    {"new value", R"re(\bNew value:\s+(\S+)\s*$)re"},
    {"variable \"", R"re(\bvariable\s+"[^"\n]*(?:password|secret|token|api_key)[^"\n]*"\s*\{[^}]*?\bdefault\s*=\s*"([^"\n]+))re"},
    {"masterauth", R"re([0-9]+\) "(?:requirepass|masterauth)"\s+[0-9]+\) "([^"\n]+))re"},
    {"auth-pass", R"re(\bauth-pass\s+\S+\s+(\S+))re"},
    {"http", R"re(\b(?:https?|xhs?)\s+(?:-\S+\s+)*-a\s+[^\s:]+:([^\s"']+))re"},
    {"rootpw", R"re(\brootpw\s+(?:--\S+\s+)*(\S+))re"},
    {"key 7", R"re(\bkey\s+7\s+([0-9A-F]{8,})\b)re"},
    {"user_pwd", R"re(auth_user_pass\s+(\S+))re"},
    {"\"auth\"", R"re("auth"\s+(?:"[^"\n]*"\s+)?"([^"\n]+)"\s*$)re"},
    {"\"auth\"", R"re([0-9]+\) "auth"\s+(?:[0-9]+\) "[^"\n]*"\s+)?[0-9]+\) "([^"\n]+))re"},
    {"requirepass\"", R"re("(?:requirepass|masterauth)"\s+"([^"\n]+))re"},
    {"auth\r\n$", R"re(\bauth\r\n(?:\$\d+\r\n\S+\r\n)?\$\d+\r\n(\S+))re"},
    {"createuser", R"re(\bcreateUser\s+(?:-e\s+\S+\s+)?\S+\s+(?:MD5|SHA\S*)\s+"?([^"\s]+))re"},
    {"createuser", R"re(\bcreateUser\s[^\n]*?\s(?:AES|DES)\S*\s+"?([^"\s]+))re"},
    {"{plain}", R"re(\{PLAIN\}([^:\s"]+))re"},
    {"-server", R"re(\b(?:tacacs|radius)-server\b[^\n]*?\bkey\s+(?:\d\s+)?(\S+))re"},
    {"key-string", R"re(\bkey-string\s+(?:\d\s+)?(\S+))re"},
    {"isakmp key", R"re(\bisakmp\s+key\s+(?:\d\s+)?(\S+))re"},
    {" using ", R"re(\bconnect\s+to\s+\S+\s+user\s+\S+\s+using\s+)re" ARGUMENT},
    {"allow ", R"re(^\s*allow\s+[\w.-]+:([^\s"']+))re"},
    {"radtest", R"re(\bradtest\s+(?:-\S+\s+)*\S+\s+)re" ARGUMENT},
    {"hdbsql", R"re(\bhdbsql\b[^\n|]*?\s(?-i:-p)\s*)re" ARGUMENT},
    {"ab ", R"re(\bab\s[^\n|]*?(?-i:-A)\s*["']?[^\s:"']+:([^\s"']+))re"},
    {"password_stdin", PIPED R"re([^\n]*password_stdin)re"},
    {"--with-token", PIPED R"re([^\n]*--with-token)re"},
    {"passcommand", R"re(\w*passcommand=["']?echo\s+([^\s"']+))re"},
    {"rejected value [", R"re(field '[^'\n]*(?:pass|secret|token|api_?key)[^'\n]*'[^\n]*?rejected value \[([^\]\n]+))re"},
    {" -> ", R"re(\b\w*(?:password|passwd|secret|token|api_?key)\w*["']?\s*=\s*(?:"[^"\n]*"|\([^)\n]*\))\s+->\s+"([^"\n]+))re"},
    {"changed from", R"re(\b(?:password|passwd|secret|token)\s+changed\s+from\s+["'][^"'\n]*["']\s+to\s+["']([^"'\n]+))re"},
    {">", R"re(<(?:[a-z0-9]+)>([^<\s]+)</(?:pass|pw)>)re"},
};
// clang-format on

struct OfCommands {
  static constexpr std::size_t size = std::size(commands);
  static std::string pattern(std::size_t i) { return "(?im)" + std::string(commands[i].pattern); }
};

/// The values in the places of the columns that name a secret: INSERT INTO t (name, password) VALUES ('x', 'y').
void inserted(const View& view, std::string_view low, const Finding& found) {
  const auto text = view.text();
  for (auto at = low.find("insert into"); at != low.npos; at = low.find("insert into", at + 1)) {
    const auto open = low.find('(', at), close = low.find(')', at), values = low.find("values", at);
    if (open == low.npos || close == low.npos || values == low.npos) return;
    if (close > values) continue;
    std::vector<NameSense> columns;
    for (std::size_t from = open + 1; from <= close;) {
      const auto to = std::min(text.find(',', from), close);
      auto name = text.substr(from, to - from);
      while (!name.empty() && std::string_view(" `\"[").find(name.front()) != std::string_view::npos)
        name.remove_prefix(1);
      while (!name.empty() && std::string_view(" `\"]").find(name.back()) != std::string_view::npos)
        name.remove_suffix(1);
      columns.push_back(found.names.of(name));
      from = to + 1;
    }
    std::size_t column = 0;
    for (std::size_t i = values + 6; i < text.size() && text[i] != ';'; ++i) {
      if (text[i] == '(') column = 0;
      if (text[i] == ',') ++column;
      if (text[i] != '\'') continue;
      const auto end = std::min(text.find('\'', i + 1), text.size());
      if (column < columns.size() && columns[column].holds == Holds::secret &&
          is_secret_value(columns[column], text.substr(i + 1, end - i - 1)))
        found.mark(view, {i + 1, end}, "argument");
      i = end;
    }
  }
}

}  // namespace

void find_in_commands(const View& view, const Finding& found) {
  const auto text = view.text();
  const std::string low = fold_case(text);
  inserted(view, low, found);
  const Alphabet alphabet(low);
  for (std::size_t i = 0; i < OfCommands::size; ++i) {
    const auto program = commands[i].program;
    if (!alphabet.has_all(program) || low.find(program) == low.npos) continue;
    const RE2& pattern = expression_of<OfCommands>(i);
    re2::StringPiece rest(text.data(), text.size()), secret;
    while (RE2::FindAndConsume(&rest, pattern, &secret)) {
      const auto from = static_cast<std::size_t>(secret.data() - text.data());
      Range at{from, from + secret.size()};
      if (at.to - at.from > 2 && (text[at.from] == '"' || text[at.from] == '\'') && text[at.to - 1] == text[at.from])
        ++at.from, --at.to;
      const auto value = view.text(at);
      if (!value.empty() && !tells_of_secret(value) && !is_covered(value)) found.mark(view, at, "argument");
      if (rest.empty()) break;
    }
  }
}

}  // namespace readback
