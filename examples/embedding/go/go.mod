module hello

go 1.19

require leat v0.1.0

replace leat => ../../../bindings/go
