// What is a secret by its looks alone, without a name beside it: the tokens of vendors, keys in PEM, signed tokens,
// credentials in addresses, password hashes, addresses of mail, and whatever a generator made.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/redaction/expression.hpp"
#include "core/redaction/finders.hpp"
#include "core/redaction/values.hpp"
#include "core/text/encoding.hpp"

namespace readback {
namespace {

constexpr std::size_t longest_packed = 65536;

enum class Signs { alnum, hex, base62_, base64, word, dotted, upper, rest };

/// A vendor's token: what it begins with, of which signs it is, and how many there are at least. From the vendors' own
/// documents and the published rules of secret scanners. It begins where no letter or digit stands before it.
struct TokenForm {
  std::string_view begin;
  Signs signs;
  std::size_t least;
};

// clang-format off
constexpr TokenForm token_forms[] = {
    {"ghp_", Signs::alnum, 16}, {"gho_", Signs::alnum, 16}, {"ghu_", Signs::alnum, 16}, {"ghs_", Signs::alnum, 16}, {"ghr_", Signs::alnum, 16},
    {"github_pat_", Signs::base62_, 16},
    {"glpat-", Signs::dotted, 12}, {"glrt-", Signs::dotted, 12}, {"gldt-", Signs::dotted, 12}, {"glft-", Signs::dotted, 12}, {"glptt-", Signs::dotted, 12},
    {"glsoat-", Signs::word, 12}, {"glcbt-", Signs::word, 12}, {"glimt-", Signs::word, 12}, {"glagent-", Signs::word, 12}, {"gloas-", Signs::word, 12},
    {"glffct-", Signs::word, 12}, {"GR1348941", Signs::word, 12}, {"_gitlab_session=", Signs::hex, 16},
    {"xoxb-", Signs::word, 8}, {"xoxp-", Signs::word, 8}, {"xoxa-", Signs::word, 8}, {"xoxr-", Signs::word, 8}, {"xoxs-", Signs::word, 8}, {"xoxe-", Signs::word, 8}, {"xoxe.", Signs::rest, 8},
    {"xoxc-", Signs::word, 8}, {"xoxd-", Signs::rest, 8}, {"xoxo-", Signs::word, 8}, {"xapp-", Signs::word, 8},
    {"AKIA", Signs::upper, 16}, {"ASIA", Signs::upper, 16}, {"ABIA", Signs::upper, 16}, {"ACCA", Signs::upper, 16}, {"A3T", Signs::upper, 17}, {"LTAI", Signs::alnum, 12}, {"AKID", Signs::alnum, 13},
    {"AIza", Signs::word, 30}, {"ya29.", Signs::rest, 16}, {"GOCSPX-", Signs::word, 16}, {"1//0", Signs::word, 24},
    {"sk_live_", Signs::alnum, 8}, {"sk_test_", Signs::alnum, 8}, {"rk_live_", Signs::alnum, 8}, {"rk_test_", Signs::alnum, 8}, {"pk_live_", Signs::alnum, 8}, {"pk_test_", Signs::alnum, 8},
    {"whsec_", Signs::base64, 8}, {"sk-", Signs::word, 16}, {"sk_", Signs::hex, 32}, {"gsk_", Signs::alnum, 20}, {"r8_", Signs::alnum, 20}, {"pplx-", Signs::alnum, 20}, {"xai-", Signs::alnum, 20}, {"sess-", Signs::alnum, 20},
    {"hf_", Signs::alnum, 20}, {"api_org_", Signs::alnum, 20},
    {"shpat_", Signs::hex, 16}, {"shpss_", Signs::hex, 16}, {"shpca_", Signs::hex, 16}, {"shppa_", Signs::hex, 16}, {"shptka_", Signs::hex, 16},
    {"dapi", Signs::hex, 32}, {"dose", Signs::hex, 32}, {"dkea", Signs::hex, 32}, {"sbp_", Signs::hex, 32}, {"sb_secret_", Signs::word, 16}, {"bkua_", Signs::hex, 32}, {"bkat_", Signs::alnum, 20}, {"squ_", Signs::hex, 32}, {"sqp_", Signs::hex, 32}, {"sqa_", Signs::hex, 32}, {"pul-", Signs::hex, 32},
    {"rubygems_", Signs::hex, 32}, {"npm_", Signs::alnum, 20}, {"pypi-", Signs::word, 16}, {"cio", Signs::alnum, 32}, {"crp_", Signs::alnum, 20},
    {"dckr_pat_", Signs::word, 16}, {"dckr_oat_", Signs::word, 16}, {"dop_v1_", Signs::hex, 32}, {"doo_v1_", Signs::hex, 32}, {"dor_v1_", Signs::hex, 32}, {"DO00", Signs::upper, 16},
    {"fm1_", Signs::base64, 16}, {"fm1r_", Signs::base64, 16}, {"fm1a_", Signs::base64, 16}, {"fm2_", Signs::base64, 16}, {"fo1_", Signs::word, 16}, {"nfp_", Signs::alnum, 20}, {"nfc_", Signs::alnum, 20}, {"nfo_", Signs::alnum, 20},
    {"vercel_", Signs::alnum, 20}, {"vcp_", Signs::alnum, 20}, {"vck_", Signs::alnum, 20}, {"vci_", Signs::alnum, 20},
    {"HRKU-", Signs::word, 30}, {"lin_api_", Signs::alnum, 20}, {"lin_oauth_", Signs::alnum, 20}, {"secret_", Signs::alnum, 40}, {"ntn_", Signs::alnum, 20}, {"figd_", Signs::word, 20}, {"figu_", Signs::word, 20}, {"PMAK-", Signs::word, 30}, {"PMAT-", Signs::word, 20},
    {"NRAK-", Signs::upper, 20}, {"NRAA-", Signs::word, 20}, {"NRJS-", Signs::hex, 15}, {"NRII-", Signs::word, 20}, {"NRIQ-", Signs::word, 20}, {"NRRA-", Signs::hex, 20}, {"NRBR-", Signs::hex, 15}, {"NRSP-", Signs::word, 15},
    {"glsa_", Signs::base62_, 16}, {"glc_", Signs::base64, 20}, {"sntrys_", Signs::base64, 20}, {"sntryu_", Signs::hex, 32}, {"sntrya_", Signs::hex, 32}, {"dp.pt.", Signs::alnum, 20}, {"dp.st.", Signs::rest, 20}, {"dp.ct.", Signs::alnum, 20}, {"dp.sa.", Signs::alnum, 20}, {"dp.scim.", Signs::alnum, 20}, {"dp.audit.", Signs::alnum, 20},
    {"hvs.", Signs::word, 16}, {"hvb.", Signs::word, 16}, {"hvr.", Signs::word, 16}, {"s.", Signs::alnum, 24}, {"b.AAAA", Signs::word, 20}, {"AGE-SECRET-KEY-1", Signs::upper, 20}, {"ATATT3", Signs::rest, 20}, {"ATCTT3", Signs::rest, 20}, {"ATBB", Signs::alnum, 20}, {"ATSTT3", Signs::rest, 20}, {"sl.", Signs::word, 60}, {"sl.u.", Signs::word, 30},
    {"pscale_tkn_", Signs::rest, 16}, {"pscale_pw_", Signs::rest, 16}, {"pscale_oauth_", Signs::rest, 16}, {"pscale_otkn_", Signs::rest, 16}, {"pnu_", Signs::alnum, 20}, {"pnb_", Signs::alnum, 20}, {"EZAK", Signs::alnum, 40}, {"EZTK", Signs::alnum, 40}, {"duffel_live_", Signs::word, 20}, {"duffel_test_", Signs::word, 20},
    {"FLWSECK", Signs::rest, 12}, {"FLWPUBK", Signs::rest, 12}, {"fio-u-", Signs::word, 30}, {"live_", Signs::word, 30}, {"sandbox_", Signs::word, 30}, {"aio_", Signs::alnum, 20}, {"ops_eyJ", Signs::rest, 20}, {"tskey-", Signs::word, 12}, {"sk.eyJ", Signs::rest, 20}, {"pk.eyJ", Signs::rest, 20},
    {"amzn.mws.", Signs::word, 20}, {"amzn1.oa2-cs.", Signs::rest, 16}, {"sq0atp-", Signs::word, 16}, {"sq0csp-", Signs::word, 16}, {"sq0idp-", Signs::word, 16}, {"EAAA", Signs::word, 40}, {"EAAC", Signs::alnum, 40}, {"access_token$", Signs::rest, 20},
    {"key-", Signs::hex, 32}, {"pubkey-", Signs::hex, 32}, {"SK", Signs::hex, 32}, {"SG.", Signs::rest, 30}, {"xkeysib-", Signs::word, 40}, {"xsmtpsib-", Signs::word, 40}, {"re_", Signs::base62_, 24}, {"mlsn.", Signs::hex, 32},
    {"t1.", Signs::rest, 40}, {"AQVN", Signs::word, 30}, {"YC", Signs::word, 38}, {"y0_", Signs::word, 30}, {"y1_", Signs::word, 30}, {"ltsk_", Signs::word, 16}, {"phc_", Signs::alnum, 30}, {"phx_", Signs::alnum, 30}, {"rdme_", Signs::alnum, 40}, {"shippo_live_", Signs::hex, 20}, {"shippo_test_", Signs::hex, 20},
    {"sgp_", Signs::base62_, 20}, {"slk_", Signs::hex, 32}, {"tfp_", Signs::word, 20}, {"CFPAT-", Signs::word, 20}, {"dsapi-", Signs::alnum, 20}, {"dt0c01.", Signs::rest, 24}, {"dt0s01.", Signs::rest, 24}, {"p8e-", Signs::word, 16}, {"ctp_", Signs::hex, 20}, {"CCIPAT_", Signs::base62_, 20}, {"CCIPRJ_", Signs::base62_, 20}, {"zpka_", Signs::base62_, 20}, {"v1.0-", Signs::word, 30}, {"v2_", Signs::word, 40}, {"cf-", Signs::alnum, 36}, {"fastly_", Signs::word, 20},
    {"pat-na1-", Signs::word, 20}, {"pat-eu1-", Signs::word, 20}, {"patE", Signs::rest, 60}, {"ico-", Signs::alnum, 32}, {"sdbk_", Signs::alnum, 20}, {"hooks.slack.com/services/", Signs::rest, 8}, {"hooks.slack.com/triggers/", Signs::rest, 8}, {"hooks.slack.com/workflows/", Signs::rest, 8}, {"hooks.zapier.com/hooks/catch/", Signs::rest, 8}, {"AGPA", Signs::upper, 16}, {"jfrog_", Signs::alnum, 30}, {"AKCp", Signs::alnum, 50}, {"cmVmd", Signs::alnum, 40}, {"pulumi-", Signs::hex, 32},
    {"infracost-", Signs::alnum, 20}, {"ico_", Signs::alnum, 20}, {"lip_", Signs::alnum, 20}, {"mapi_", Signs::alnum, 20}, {"tk-us-", Signs::word, 30}, {"oy2", Signs::alnum, 43}, {"rpa_", Signs::alnum, 30}, {"nvapi-", Signs::word, 40}, {"fw_", Signs::alnum, 20}, {"tgp_v1_", Signs::word, 30}, {"pcsk_", Signs::base62_, 40}, {"lsv2_pt_", Signs::base62_, 30}, {"lsv2_sk_", Signs::base62_, 30}, {"wandb_v1_", Signs::word, 20}, {"e2b_", Signs::hex, 30}, {"cal_live_", Signs::hex, 20}, {"tr_dev_", Signs::alnum, 16}, {"tr_prod_", Signs::alnum, 16}, {"sctr_", Signs::alnum, 20}, {"pdl_live_", Signs::word, 20}, {"pdl_sdbx_", Signs::word, 20}, {"rnd_", Signs::alnum, 20}, {"ctx7sk", Signs::word, 20}, {"rzp_live_", Signs::alnum, 10}, {"rzp_test_", Signs::alnum, 10}, {"open.feishu.cn/open-apis/bot/v2/hook/", Signs::word, 8}, {"open.larksuite.com/open-apis/bot/v2/hook/", Signs::word, 8}, {"eyJrIjoi", Signs::base64, 20}, {"CfDJ8", Signs::word, 16},
};
// clang-format on

bool fits(Signs signs, char c) {
  const auto u = static_cast<unsigned char>(c);
  switch (signs) {
    case Signs::alnum: return std::isalnum(u);
    case Signs::hex: return std::isxdigit(u);
    case Signs::base62_: return std::isalnum(u) || c == '_';
    case Signs::base64: return std::isalnum(u) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
    case Signs::word: return std::isalnum(u) || c == '_' || c == '-';
    case Signs::dotted: return std::isalnum(u) || c == '_' || c == '-' || c == '.';
    case Signs::upper: return std::isupper(u) || std::isdigit(u);
    case Signs::rest: return std::isalnum(u) || std::string_view("._-~+/=:@$").find(c) != std::string_view::npos;
  }
  return false;
}

/// The forms by their first sign, so that most places of a text are passed over at one look.
const std::array<std::vector<TokenForm>, 128>& forms_by_sign() {
  static const auto all = [] {
    std::array<std::vector<TokenForm>, 128> by;
    for (const auto& form : token_forms) by[static_cast<unsigned char>(form.begin.front())].push_back(form);
    return by;
  }();
  return all;
}

/// Regular where a table is too little: the first group stays, the second is the secret.
struct Form {
  std::string_view needs;  ///< what must stand in the text
  const char* rule;
  const char* pattern;
  enum class Judged { no, looks_secret, scheme } judged = Judged::no;
};

// clang-format off
constexpr Form forms[] = {
    {"-----BEGIN", "pem", R"re((?s)()(-----BEGIN [A-Za-z0-9 ]+-----.*?(?:-----END [A-Za-z0-9 ]+-----|\z)))re"},
    {"-----END", "pem", R"re((?s)(\A)([A-Za-z0-9+/=\s]{16,}-----END [A-Za-z0-9 ]+-----))re"},
    {"PuTTY-User-Key", "pem", R"re((?s)(Private-Lines: )(.*?)(?:Private-MAC|\z))re"},
    {"eyJ", "jwt", R"re(()(eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){1,3}))re"},
    {"eyJ", "jwt", R"re(()(eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}))re"},
    {"://", "userinfo", R"re(([A-Za-z][A-Za-z0-9+.-]*://)([^\s/"'<>?#]+)@)re"},
    {"://", "userinfo", R"re(([A-Za-z][A-Za-z0-9+.-]*://)([^\s/"'<>@]*:[^\s"'<>@?]*)@)re"},
    {"://", "userinfo", R"re(([A-Za-z][A-Za-z0-9+.-]*://[^\s/"'<>@:]+:)([^\s/"'<>@:;0-9][^\s/"'<>@:;]*)\z)re"},
    {"@tcp(", "userinfo", R"re((\b[\w.-]+:)([^\s@"']+)@(?:tcp|unix)\()re"},
    {"//", "userinfo", R"re((?:^|[\s"'=(])(//)([^\s/@"':]+:[^\s/@"']+)@)re"},
    {":", "userinfo", R"re((^|[\s"'=(])([A-Za-z][\w.-]*:[^\s:@/"']{4,})@[\w.-]+:[0-9]{2,5}\b)re"},
    {"@", "userinfo", R"re((\b[A-Za-z][\w$#]*/)("[^"\n]+"|[^\s@/"']+)@[\w.-]+:[0-9]+[/:])re"},
    {"://", "query", R"re((https?://[^\s"'<>?]*\?)((?:[^\s"'<>]|<redacted:[a-z]+:[0-9a-f]{8}>)+))re"},
    {"://", "query", R"re((https?://[^\s"'<>#]*#)([^\s"'<>]*(?:token|code|key)=[^\s"'<>]+))re"},
    {"?", "query", R"re(((?:^|[\s"'(=])/[^\s"'<>?]*\?)([^\s"'<>=]+=(?:[^\s"'<>]|<redacted:[a-z]+:[0-9a-f]{8}>)*))re"},
    {" ", "bearer", R"re((?i)(\b(?:bearer|basic|token|apikey|api-key|negotiate|ntlm|hawk|aws4-hmac-sha256)\s+)([A-Za-z0-9._~+/=:-]{6,}))re", Form::Judged::scheme},
    {"esponse=", "authorization", R"re((?i)(\b(?:digest|hawk)\s+)(\w+="[^\n]*))re"},
    {"redential=", "authorization", R"re((?i)(credential=)([^\s,]+))re"},
    {"ignature=", "authorization", R"re((?i)(signature=["']?)([^\s,"']{8,}))re"},
    {"mac=", "authorization", R"re((?i)(\bmac=")([^"\n]+))re"},
    {"$", "hash", R"re((^|[\s"':=,{>]|\{[A-Za-z0-9-]+\})(\$(?:1|2[abxy]?|5|6|7|8|9|y|gy|md5|apr1|argon2[id]{1,2}|pbkdf2[a-z0-9-]*|scrypt|P|H|bcrypt-sha256)\$[./A-Za-z0-9$=,+-]{8,}))re"},
    {"SHA", "hash", R"re((?i)(\{S?SHA[0-9]*\})([A-Za-z0-9+/=]{8,}))re"},
    {"SCRAM", "hash", R"re(()(SCRAM-SHA-[0-9]+\$[0-9]+:[A-Za-z0-9+/=$:]+))re"},
    {"$ml$", "hash", R"re(()(\$ml\$[0-9]+\$[0-9a-f$]+))re"},
    {"apr1", "hash", R"re((:)(\$apr1\$[^\s:]+))re"},
    {"md5", "hash", R"re((\bmd5)([0-9a-f]{32})\b)re"},
    {"-us", "token", R"re(()([0-9a-f]{32}-us[0-9]{1,2})\b)re"},
    {":AA", "token", R"re((\b|bot)([0-9]{8,10}:AA[A-Za-z0-9_-]{30,}))re"},
    {".", "token", R"re((^|[^A-Za-z0-9_.-])([MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}))re"},
    {"webhook", "token", R"re((?i)()(discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[A-Za-z0-9/_-]+|[a-z0-9.-]*outlook\.office\.com/webhook[a-z0-9]*/[A-Za-z0-9/@-]+|[a-z0-9.-]*webhook\.office\.com/[A-Za-z0-9/@-]+))re"},
    {"/bot", "token", R"re((/bot)([0-9]{8,10}:[A-Za-z0-9_-]{30,}))re"},
    {"chat.googleapis", "token", R"re((chat\.googleapis\.com/v1/spaces/)(\S+))re"},
    {"api.opsgenie", "token", R"re((api\.opsgenie\.com/v1/json/\w+\?apiKey=)(\S+))re"},
    {"events.pagerduty", "token", R"re((events\.pagerduty\.com/(?:integration|x-ere)/)([A-Za-z0-9]+))re"},
    {"hc-ping", "token", R"re((hc-ping\.com/)([A-Za-z0-9-]{8,}(?:/[a-z0-9-]+)?))re"},
    {"atlasv1", "token", R"re(()([A-Za-z0-9]{10,}\.atlasv1\.[A-Za-z0-9_=-]{40,}))re"},
    {"Q~", "token", R"re(()([A-Za-z0-9_.~-]{0,4}[0-9]Q~[A-Za-z0-9_.~-]{30,}))re"},
    {":", "hash", R"re((^[^:\s]+:[0-9]+:)([0-9a-fA-F]{32}:[0-9a-fA-F]{32}):)re"},
    {"::server:", "token", R"re(()(\bK10[0-9a-f]{64}::\w+:[0-9a-f]+))re"},
    {"enieKey", "token", R"re((?i)(geniekey\s+)([0-9a-f-]{32,}))re"},
    {"/with/key/", "token", R"re((/with/key/)([A-Za-z0-9_-]{16,}))re"},
    {"pat", "token", R"re(()(\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}))re"},
    {"pat.", "token", R"re(()(\bpat\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_.-]{20,}))re"},
    {"access-", "token", R"re(()(\baccess-(?:sandbox|development|production)-[0-9a-f-]{36}))re"},
    {"2/", "token", R"re(()(\b2/[0-9]{10,}/[0-9]{10,}:[0-9a-f]{32}))re"},
    {"1/", "token", R"re(()(\b1/[0-9]{10,}:[0-9a-f]{32}))re"},
    {"rtmp", "token", R"re((\brtmps?://[^\s/"']+/(?:live2?|app)/)([A-Za-z0-9_-]{12,}))re"},
    {"A3-", "token", R"re(()(\bA3-[A-Z0-9]{6}-[A-Z0-9]{6,12}-[A-Z0-9-]{16,}))re"},
    {"s-s4t2", "token", R"re(()(\bs-s4t2(?:ud|af)-[0-9a-f]{64}))re"},
    {"pbkdf2", "hash", R"re(()(\bpbkdf2_sha[0-9]+\$[0-9]+\$[^\s"',]+))re"},
    {"pbkdf2", "hash", R"re(()(\bgrub\.pbkdf2\.sha[0-9]+\.[0-9]+\.[0-9A-F.]+))re"},
    {"argon2", "hash", R"re(()(\bargon2\w*\$[^\s"']{16,}))re"},
    {"bcrypt", "hash", R"re(()(\bbcrypt\w*\$[^\s"']{16,}))re"},
    {"wordpress_", "cookie", R"re((wordpress_(?:logged_in_|sec_)?[0-9a-f]{32}=)([^\s;"]+))re"},
    {"_oauth2_proxy", "cookie", R"re((_oauth2_proxy\w*=)([^\s;"]+))re"},
    {"S", "token", R"re((^|[^A-Za-z0-9])(S[ACNOPUX][A-Z2-7]{56})\b)re"},
    {"AccountKey", "key", R"re((?i)(AccountKey=)([A-Za-z0-9+/=]{16,}))re"},
    {"%40", "email", R"re(()([A-Za-z0-9._+-]+%40[A-Za-z0-9.-]+\.[A-Za-z]{2,}))re"},
    {"@", "email", R"re(()([A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}))re"},
};
// clang-format on

struct OfForms {
  static constexpr std::size_t size = std::size(forms);
  static std::string pattern(std::size_t i) { return "(?m)" + std::string(forms[i].pattern); }
};

/// Behind `Bearer`: "capability" is a word, and a token is none.
bool looks_like_credential(std::string_view value) {
  const bool digit = std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); });
  const bool inner_capital =
      std::any_of(value.begin() + 1, value.end(), [](unsigned char c) { return std::isupper(c); });
  const bool small = std::any_of(value.begin(), value.end(), [](unsigned char c) { return std::islower(c); });
  if (tells_of_secret(value) || is_covered(value)) return false;
  if (const auto sign = value.find('='); sign != value.npos && value.find_first_not_of('=', sign) != value.npos)
    return false;  // a=b
  return looks_secret(value) ||
         (digit && value.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != value.npos &&
          value.size() >= 10) ||
         (inner_capital && small && value.size() >= 8 && value.find('.') == value.npos);
}

/// What stands here is the end of `scheme://user:password`, and what follows its sign is the host.
bool is_login_of_address(std::string_view text, std::size_t at) {
  constexpr std::size_t longest = 256;
  std::size_t i = at;
  while (i > 0 && at - i < longest && text[i - 1] != '/' && !std::isspace(static_cast<unsigned char>(text[i - 1]))) --i;
  return i > 2 && text.compare(i - 3, 3, "://") == 0;
}

/// `user@1000.service` is a unit, `git@host.example:repo` an account that everybody has.
bool is_mail(std::string_view text, std::size_t from, std::size_t to) {
  const auto address = text.substr(from, to - from);
  if (is_login_of_address(text, from)) return false;
  for (std::string_view unit : {".local", ".internal", ".svc", ".localdomain", ".lan", ".service", ".socket", ".timer",
                                ".slice", ".mount", ".target", ".device", ".scope", ".path", ".swap"})
    if (address.ends_with(unit)) return false;
  if (to < text.size() && text[to] == ':' && to + 1 < text.size() &&
      !std::isspace(static_cast<unsigned char>(text[to + 1])) &&
      !std::isdigit(static_cast<unsigned char>(text[to + 1])))
    return false;
  if (address.starts_with("git@")) return false;
  if (to < text.size() && (text[to] == '-' || text[to] == '_')) return false;  // a name that goes on
  const auto at = address.find('@');
  return std::any_of(address.begin() + static_cast<std::ptrdiff_t>(at), address.end(),
                     [](unsigned char c) { return std::isalpha(c); });
}

/// In an address: `user:password`, or a token alone. A user alone is none, and neither is a mask.
bool is_login(std::string_view before, std::string_view value) {
  const auto colon = value.find(':');
  if (colon != value.npos) return colon + 1 < value.size() && !tells_of_secret(value.substr(colon + 1));
  if (value == "git" || tells_of_secret(value)) return false;
  if (before.ends_with(':')) return true;  // the user stands before it
  return before.find("http") != before.npos || looks_secret(value) || value.size() >= 16;
}

class Shapes {
 public:
  Shapes(const View& view, const Alphabet& alphabet, const Finding& found)
      : view_(view), text_(view.text()), alphabet_(alphabet), found_(found) {}

  void run() {
    tokens();
    for (std::size_t i = 0; i < OfForms::size; ++i)
      if (alphabet_.has_all(forms[i].needs) && text_.find(forms[i].needs) != text_.npos)
        matches(forms[i], expression_of<OfForms>(i));
  }

 private:
  void matches(const Form& form, const RE2& pattern) {
    re2::StringPiece rest(text_.data(), text_.size()), before, secret;
    while (RE2::FindAndConsume(&rest, pattern, &before, &secret)) {
      const std::size_t from = static_cast<std::size_t>(secret.data() - text_.data()), to = from + secret.size();
      const std::string_view value(secret.data(), secret.size());
      bool fine = !is_covered(value);
      if (form.judged == Form::Judged::scheme) fine = fine && looks_like_credential(value);
      if (std::string_view(form.rule) == "email") fine = fine && is_mail(text_, from, to);
      if (std::string_view(form.rule) == "userinfo") fine = fine && is_login({before.data(), before.size()}, value);
      if (fine && std::string_view(form.rule) == "query")
        query({from, to});
      else if (fine)
        found_.mark(view_, {from, to}, form.rule);
      if (rest.empty()) break;
    }
  }

  /// A parameter is kept when its name holds nothing and its value is a word, a number or a date.
  void query(Range r) {
    for (std::size_t at = r.from; at < r.to;) {
      const std::size_t end = std::min(text_.find_first_of("&;", at), r.to), sign = std::min(text_.find('=', at), end);
      const Range value{sign < end ? sign + 1 : at, end};
      if (!is_plain_parameter(text_.substr(at, sign - at), view_.text(value)) && !is_covered(view_.text(value)))
        found_.mark(view_, value, "query");
      at = end + 1;
    }
  }

  bool is_plain_parameter(std::string_view name, std::string_view value) const {
    // What OAuth, SAML, CAS and signed addresses hand over by it.
    constexpr std::string_view handed[] = {
        "code", "state", "ticket", "samlresponse", "relaystate", "nonce",  "sig",  "se", "sv", "sp", "u",
        "user", "login", "email",  "pin",          "otp",        "invite", "hash", "h",  "k",  "t",  "s"};
    if (found_.names.of(name).holds != Holds::nothing && !value.empty() && !tells_of_secret(value)) return false;
    if (std::find(std::begin(handed), std::end(handed), fold_case(name)) != std::end(handed)) return value.size() < 2;
    if (value.size() > 32) return false;
    const bool number = value.find_first_not_of("0123456789.,:-TZ") == value.npos && value.size() <= 24;
    if (value.starts_with('/') && value.find_first_not_of("abcdefghijklmnopqrstuvwxyz/-_.") == value.npos) return true;
    const bool word = std::all_of(value.begin(), value.end(), [](unsigned char c) {
      return std::islower(c) || c == '_' || c == '-' || c == ',' || c == '.' || c == '*';
    });
    return number || word || (!value.empty() && tells_of_secret(value));
  }

  /// Vendors' tokens, and what looks generated, in one walk over the words of the text.
  void tokens() {
    const auto& by_sign = forms_by_sign();
    bool inside = false;
    std::size_t word = 0;  // where the longest run of a generator's signs began
    for (std::size_t i = 0; i <= text_.size(); ++i) {
      const auto c = i < text_.size() ? static_cast<unsigned char>(text_[i]) : static_cast<unsigned char>('\n');
      const bool sign = std::isalnum(c) || c == '+' || c == '/' || c == '_' || c == '=' || c == '-';
      if (!sign) {
        if (i - word >= 32) generated(word, i);
        if (i - word >= 12) packed(word, i);
        word = i + 1;
      }
      const bool alnum = std::isalnum(c);
      if (!inside && alnum && i < text_.size() && c < 128)
        for (const auto& form : by_sign[c])
          if (text_.compare(i, form.begin.size(), form.begin) == 0 && token(i, form)) break;
      inside = alnum;
    }
  }

  bool token(std::size_t at, const TokenForm& form) {
    const std::size_t from = at + form.begin.size();
    std::size_t to = from;
    while (to < text_.size() && fits(form.signs, text_[to])) ++to;
    if (to - from < form.least) return false;
    const auto value = text_.substr(from, to - from);
    if (form.signs == Signs::hex || form.signs == Signs::upper) return mark(at, to);
    // `live_update_of_all_dashboards_and_charts` is a name: a token has digits or capitals, and behind a beginning that
    // says little it looks like one.
    const auto is = [&](int (*kind)(int)) {
      return std::any_of(value.begin(), value.end(), [&](unsigned char c) { return kind(c) != 0; });
    };
    if (!is(std::isdigit) && !is(std::isupper)) return false;
    const bool telling =
        form.begin.size() >= 5 || (form.begin.size() == 4 && form.begin.find_first_of("_-.:/$") != form.begin.npos);
    if (!telling && !looks_like_credential(text_.substr(at, to - at))) return false;
    return mark(at, to);
  }

  bool mark(std::size_t from, std::size_t to) {
    found_.mark(view_, {from, to}, "token");
    return true;
  }

  /// A run of a generator's signs: a path is judged by its longest name, `a=b` by its sides.
  void generated(std::size_t from, std::size_t to) {
    if (text_.compare(from, 11, "/nix/store/") == 0) return;
    if (text_[from] == '/') return judged(longest_name(from + 1, to));
    if (is_path_of_address(from) && text_.substr(from, to - from).find('/') != text_.npos) {  // the host stays
      const Range name = longest_name(from, to);
      return looks_generated(text_.substr(from, to - from)) ? found_.mark(view_, name, "generated") : judged(name);
    }
    std::size_t end = to;
    while (end > from && text_[end - 1] == '=') --end;
    if (end < to && to < text_.size() && text_[to] == '<') return;  // a name, with its value hidden
    const auto sign = text_.substr(from, end - from).rfind('=');
    if (sign != text_.npos) from += sign + 1;
    judged({from, to});
  }

  /// Of those between slashes.
  Range longest_name(std::size_t from, std::size_t to) const {
    Range longest{from, from};
    for (std::size_t at = from, slash; at < to; at = slash + 1) {
      slash = std::min(text_.find('/', at), to);
      if (slash - at > longest.to - longest.from) longest = {at, slash};
    }
    return longest;
  }

  /// `https://host.` stands before it.
  bool is_path_of_address(std::size_t at) const {
    constexpr std::size_t longest = 256;
    std::size_t i = at;
    while (i > 0 && at - i < longest &&
           (std::isalnum(static_cast<unsigned char>(text_[i - 1])) ||
            std::string_view(".-_:@").find(text_[i - 1]) != std::string_view::npos))
      --i;
    return i > 2 && text_.compare(i - 2, 2, "//") == 0 && text_[i - 3] == ':';
  }

  void judged(Range r) {
    const auto before = text_.substr(r.from > 9 ? r.from - 9 : 0, std::min<std::size_t>(r.from, 9));
    for (std::string_view digest :
         {"SHA256:", "SHA512:", "sha256:", "sha512:", "sha-256=", "sha-512=", "MD5:", "W/\"", "h1:"})
      if (before.ends_with(digest)) return;
    if (looks_generated(text_.substr(r.from, r.to - r.from))) found_.mark(view_, r, "generated");
  }

  /// Base64 of a text that holds a secret, such as `user:password`.
  void packed(std::size_t from, std::size_t to) {
    if (to - from > longest_packed || (to - from) % 4 != 0 || view_.depth() > 6) return;
    const auto plain = from_base64(text_.substr(from, to - from));
    if (!plain || plain->empty()) return;
    for (const unsigned char c : *plain)
      if (c < 0x20 ? c != '\n' && c != '\t' && c != '\r' : c >= 0x7f) return;
    const auto colon = plain->find(':');
    const bool login = colon != plain->npos && colon > 0 && plain->size() - colon > 4 &&
                       plain->find_first_of(" \n{\"/") == plain->npos;
    std::vector<Mark> inside;
    if (!login) find_secrets(View(*plain), {found_.names, inside, found_.clean});
    if (login || !inside.empty()) found_.mark(view_, {from, to}, "encoded");
  }

  const View& view_;
  std::string_view text_;
  const Alphabet& alphabet_;
  const Finding& found_;
};

}  // namespace

void find_shapes(const View& view, const Alphabet& alphabet, const Finding& found) {
  Shapes(view, alphabet, found).run();
}

}  // namespace readback
