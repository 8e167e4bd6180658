/** Checks passwords against their argon2id hashes, on the threads of libuv: never on the event loop. */
import { verify } from '@node-rs/argon2'

/** The threads are shared with the disk: not all of them. */
const atOnce = 2
/** A hash of nothing, so that an unknown name costs what a known one does. */
export const nobodysHash =
  '$argon2id$v=19$m=19456,t=2,p=1$cmluZ21haW4tbm9ib2R5$8wrhYTEYmp2+gEC6gHVzKZbW7bsqHgy1FTBuGNQVxJ0'

/** Two at once, in the order asked. */
export function argon2Passwords(): (hash: string, password: string) => Promise<boolean> {
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
  let turn = 0
  return (hash, password) => {
    turn = (turn + 1) % atOnce
    const checked = (lanes[turn] ?? Promise.resolve()).then(() => verify(hash, password).catch(() => false))
    lanes[turn] = checked
    return checked
  }
}
