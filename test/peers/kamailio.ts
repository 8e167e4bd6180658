/**
 * Kamailio 5.6 as the Session Border Controller in front (Path, Record-Route, the DC's proxies taken in turn), and as a
 * provider that demands digest.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bracketed } from '#protocols/sip/message/headers/host.ts'
import { PeerProcess, temporaryFolder } from './process.ts'

export type SbcOptions = {
  port: number
  /** `127.0.0.1:5060`, … : the proxies it alternates between. */
  proxies: readonly string[]
}

/** What comes from a proxy goes where its Route and Request-URI say; everything else to the next proxy in turn. */
const script = ({ port, proxies }: SbcOptions) => `
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
log_stderror=yes
debug=1
children=1
tcp_children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "path.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "cfgutils.so"
modparam("rr", "enable_full_lr", 1)
modparam("cfgutils", "initial_gflags", 0)
modparam("pv", "shvset", "turn=i:0")

request_route {
  if (has_totag()) {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (is_method("INVITE")) record_route();
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  if (${proxies.map((proxy) => `($si == "${proxy.split(':')[0]}" && $sp == ${proxy.split(':')[1]})`).join(' || ')}) {
    loose_route();
    if (is_method("INVITE|SUBSCRIBE")) record_route();
    t_relay();
    exit;
  }
  remove_hf("Route");
  if (is_method("REGISTER")) add_path();
  if (is_method("INVITE|SUBSCRIBE")) record_route();
  $shv(turn) = ($shv(turn) + 1) mod ${proxies.length};
  ${proxies.map((proxy, i) => `if ($shv(turn) == ${i}) $du = "sip:${proxy}";`).join('\n  ')}
  t_relay();
}
`

export type ProviderOptions = {
  /** Where it listens, over UDP and TCP; its calls come from there. IPv6 without brackets. */
  host: string
  port: number
  domain: string
  account: string
  password: string
  /** The telephone network behind it: where calls of the account go, and the port that calls to it come from. */
  network: string
  callers: number
  /** Over TLS instead, with this certificate; both are paths. */
  tls?: { certificate: string; key: string }
}

const tlsModule = ({ certificate, key }: { certificate: string; key: string }) => `
loadmodule "tls.so"
modparam("tls", "certificate", "${certificate}")
modparam("tls", "private_key", "${key}")
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "verify_certificate", 0)
modparam("tls", "require_certificate", 0)
`

/** Registrations and calls of its one account only with its password; calls for it to where it has registered. */
const providerScript = ({ host, port, domain, account, password, network, callers, tls }: ProviderOptions) => `
listen=udp:${bracketed(host)}:${port}
${tls === undefined ? `listen=tcp:${bracketed(host)}:${port}` : `listen=tls:${bracketed(host)}:${port}\nenable_tls=yes`}
log_stderror=yes
debug=1
children=1
tcp_children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
${tls === undefined ? '' : tlsModule(tls)}
modparam("rr", "enable_full_lr", 1)
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 60)
modparam("registrar", "default_expires", 120)

request_route {
  if (has_totag()) {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) {
    if ($td != "${domain}") { sl_send_reply("404", "Not Here"); exit; }
    if (!pv_www_authenticate("${domain}", "${password}", "0") || $au != "${account}") {
      www_challenge("${domain}", "1");
      exit;
    }
    save("location");
    exit;
  }
  if ($sp == ${callers}) {
    $rU = "${account}";
    if (!lookup("location")) { sl_send_reply("480", "Not Registered"); exit; }
    record_route();
    t_relay();
    exit;
  }
  if (!pv_proxy_authenticate("${domain}", "${password}", "0") || $au != "${account}") {
    proxy_challenge("${domain}", "1");
    exit;
  }
  consume_credentials();
  record_route();
  $du = "sip:${network}";
  t_relay();
}
`

export class Kamailio {
  private readonly folder: { path: string; remove(): void }
  private readonly process: PeerProcess

  private constructor(text: string) {
    this.folder = temporaryFolder('kamailio')
    const config = join(this.folder.path, 'kamailio.cfg')
    writeFileSync(config, text)
    const args = ['-f', config, '-DD', '-E', '-m', '32', '-M', '8', '-x', 'tlsf', '-X', 'fm']
    this.process = new PeerProcess('kamailio', [...args, '-Y', this.folder.path, '-w', this.folder.path])
  }

  static sbc(options: SbcOptions): Promise<Kamailio> {
    return Kamailio.start(script(options))
  }

  static provider(options: ProviderOptions): Promise<Kamailio> {
    return Kamailio.start(providerScript(options))
  }

  private static async start(text: string): Promise<Kamailio> {
    const kamailio = new Kamailio(text)
    try {
      await kamailio.process.printed(/INFO: ctl|udp:|Listening on/i)
      return kamailio
    } catch (error) {
      await kamailio.stop()
      throw error
    }
  }

  log(): string {
    return this.process.tail()
  }

  async stop(): Promise<void> {
    await this.process.stop('SIGTERM')
    this.folder.remove()
  }
}
