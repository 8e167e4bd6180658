/** Kamailio 5.6 as the Session Border Controller in front: Path, Record-Route, and the DC's proxies taken in turn. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

export class Kamailio {
  private readonly folder: { path: string; remove(): void }
  private readonly process: PeerProcess

  private constructor(options: SbcOptions) {
    this.folder = temporaryFolder('kamailio')
    const config = join(this.folder.path, 'kamailio.cfg')
    writeFileSync(config, script(options))
    const args = ['-f', config, '-DD', '-E', '-m', '32', '-M', '8', '-x', 'tlsf', '-X', 'fm']
    this.process = new PeerProcess('kamailio', [...args, '-Y', this.folder.path, '-w', this.folder.path])
  }

  static async sbc(options: SbcOptions): Promise<Kamailio> {
    const kamailio = new Kamailio(options)
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
