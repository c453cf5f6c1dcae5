(* An echo server on a UNIX socket, at which it waits for a peer: echo PATH. bench/bindings.py measures it. *)

open Lwt.Infix

let rec serve flow =
  Leat.Flow.read flow >>= function
  | Ok (`Data data) -> ( Leat.Flow.write flow data >>= function Ok () -> serve flow | Error _ -> Lwt.return_unit)
  | Ok `Eof | Error _ -> Lwt.return_unit

let () =
  let wire = Unix.socket Unix.PF_UNIX Unix.SOCK_STREAM 0 in
  Unix.bind wire (Unix.ADDR_UNIX Sys.argv.(1));
  Unix.listen wire 1;
  let peer, _ = Unix.accept wire in
  let stack = Leat.connect (Leat.Socket peer) ~addresses:[ "10.0.0.1/24" ] () in
  ignore (Leat.Tcp.listen stack ~port:7 serve);
  Lwt_main.run (fst (Lwt.wait ()))
