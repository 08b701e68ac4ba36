// What a user of MeteClient names comes with it: addresses from Loop, and the words of the protocol from Wire.
@_exported public import enum Loop.Address
@_exported public import struct Wire.Bill
@_exported public import struct Wire.CallID
@_exported public import struct Wire.End
@_exported public import struct Wire.Limits
@_exported public import struct Wire.Metadata
@_exported public import enum Wire.Status
@_exported public import enum Wire.Value
