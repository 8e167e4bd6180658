// The page of a phone: JsSIP, with a tone for a voice. What happens goes out by `told`; `phone` does what it is told, and
// promises where that takes an answer.
/* global JsSIP, told */
const speech = new AudioContext()

/** A stream of one steady tone. */
function toneOf(frequency) {
  const oscillator = new OscillatorNode(speech, { frequency })
  const out = new MediaStreamAudioDestinationNode(speech)
  oscillator.connect(out)
  oscillator.start()
  return out.stream
}

/** Hears the other side. A stream from the network flows only where an element plays it. */
function listen(stream) {
  const element = new Audio()
  element.muted = true
  element.srcObject = stream
  element.play()
  const analyser = new AnalyserNode(speech, { fftSize: 8192, smoothingTimeConstant: 0 })
  new MediaStreamAudioSourceNode(speech, { mediaStream: stream }).connect(analyser)
  return analyser
}

/** The loudest frequency in Hz, 0 where all is silent. */
function loudest(analyser) {
  const decibels = new Float32Array(analyser.frequencyBinCount)
  analyser.getFloatFrequencyData(decibels)
  const most = Math.max(...decibels)
  return most < -60 ? 0 : Math.round((decibels.indexOf(most) * speech.sampleRate) / analyser.fftSize)
}

let agent
let options
const sessions = []

function take({ session, originator }) {
  const line = { session, analyser: undefined }
  sessions.push(line)
  const hear = (connection) =>
    connection.addEventListener('track', ({ streams }) => {
      line.analyser = listen(streams[0])
    })
  if (session.connection) hear(session.connection)
  else session.on('peerconnection', ({ peerconnection }) => hear(peerconnection))
  for (const type of ['progress', 'accepted', 'confirmed', 'failed', 'ended'])
    session.on(type, ({ cause }) => told(type, cause ?? ''))
  for (const type of ['hold', 'unhold']) session.on(type, (event) => told(type, event.originator))
  session.on('newDTMF', ({ originator: by, dtmf }) => told('digit', `${by} ${dtmf.tone}`))
  if (originator === 'remote') told('incoming', session.remote_identity.uri.user)
}

function refer(session, target, replaces) {
  const progress = ({ status_line }) => told('transfer', String(status_line.status_code))
  const eventHandlers = { trying: progress, progress, accepted: progress, failed: progress }
  session.refer(target, { eventHandlers, replaces })
}

const last = () => sessions.at(-1)

globalThis.phone = {
  start(given) {
    options = given
    const { url, user, password } = options
    const sockets = [new JsSIP.WebSocketInterface(url)]
    agent = new JsSIP.UA({ sockets, uri: `sip:${user}@ringmain`, password, register_expires: 30 })
    agent.on('newRTCSession', take)
    agent.on('registered', () => told('registered', ''))
    agent.on('unregistered', () => told('unregistered', ''))
    agent.on('registrationFailed', ({ cause }) => told('registrationFailed', cause))
    agent.start()
  },
  call: (target) => void agent.call(target, { mediaStream: toneOf(options.tone) }),
  answer: () => last().session.answer({ mediaStream: toneOf(options.tone) }),
  hold: () => new Promise((done) => last().session.hold({}, done)),
  unhold: () => new Promise((done) => last().session.unhold({}, done)),
  digit: (digit) => last().session.sendDTMF(digit),
  transfer: (target) => refer(last().session, target),
  /** Whom it called first to whom it called last. */
  join: () => refer(sessions.at(-2).session, last().session.remote_identity.uri.toString(), last().session),
  hangup: () => last().session.terminate(),
  unregister: () => agent.unregister(),
  heard: () => (last()?.analyser ? loudest(last().analyser) : 0),
}
