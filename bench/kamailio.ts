/** Kamailio as the proxy ours are measured next to: modules tm and rr, one process for UDP. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PeerProcess, temporaryFolder } from '../test/peers/process.ts'
import { host, type Started } from './cluster.ts'

export const kamailioName = 'Kamailio 5.6 tm+rr'

type Ports = { readonly proxy: number; readonly callee: number }

const script = ({ proxy, callee }: Ports) => `
listen=udp:${host}:${proxy}
log_stderror=yes
debug=1
children=1
auto_aliases=no
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
  if (has_totag()) {
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  record_route();
  $du = "sip:${host}:${callee}";
  t_relay();
}
`

/**
 * With the allocators it is fastest with (Debian's default is one for debugging), and memory for the transactions of the
 * last five seconds at thousands of calls a second.
 */
export async function startKamailio(ports: Ports): Promise<Started> {
  const folder = temporaryFolder('kamailio-bench')
  const config = join(folder.path, 'kamailio.cfg')
  writeFileSync(config, script(ports))
  const args = ['-f', config, '-DD', '-E', '-m', '2048', '-M', '16', '-x', 'tlsf', '-X', 'fm']
  const kamailio = new PeerProcess('kamailio', [...args, '-Y', folder.path, '-w', folder.path])
  await kamailio.printed(/Listening on|udp:/i)
  const stop = () => kamailio.stop('SIGTERM').finally(folder.remove)
  return { pid: kamailio.child.pid ?? 0, stop }
}
