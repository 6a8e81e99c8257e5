/** The one file of protobufjs that needs no other, which k6 can read. */
declare module '*/protobufjs/dist/minimal/protobuf.min.js' {
  import type protobuf from 'protobufjs/minimal.js'

  const bundle: typeof protobuf
  export default bundle
}
