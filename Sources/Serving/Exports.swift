// meted hands the supervisor that started it to the daemon, and imports nothing below Serving.
@_exported public import struct Loop.Supervisor
