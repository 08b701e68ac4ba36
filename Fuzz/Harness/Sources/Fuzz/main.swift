import CFuzzer
import Glibc

// Everything but `--target=NAME` is libFuzzer's own command line.
guard Target.chosen != nil else {
  let names = Target.allCases.map(\.rawValue).joined(separator: "|")
  print("usage: mete-fuzz --target=\(names) [libFuzzer's flags] [folders or files]\n")
  exit(64)
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { start, size in
  Target.chosen?.run([UInt8](UnsafeRawBufferPointer(start: start, count: size)))
  return 0
}
exit(status)
