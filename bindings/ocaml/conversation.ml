(* tests/bindings/conversation.c in OCaml, with the functions of C: prints the same frames. *)
type wire = nativeint
type stack = nativeint
type conn = nativeint
type data = nativeint

external make_wire : unit -> wire = "conversation_wire"
external make_stack : wire -> int -> stack = "conversation_stack"
external listen : stack -> unit = "conversation_listen"
external connect : stack -> conn = "conversation_connect"
external poll : stack -> int -> int = "conversation_poll"
external receive : conn -> data = "conversation_receive"
external total : data -> int = "conversation_total"
external free : data -> unit = "conversation_free"
external send : conn -> data -> unit = "conversation_send"
external consumed : conn -> int -> unit = "conversation_consumed"
external write : conn -> string -> unit = "conversation_write"
external at_end : conn -> bool = "conversation_at_end"
external shutdown : conn -> unit = "conversation_shutdown"

let lines = 10
let sent = ref 0

let send_line conn =
  incr sent;
  write conn (Printf.sprintf "line %d of %d\n" !sent lines)

let rec client_readable conn =
  let data = receive conn in
  if data <> 0n then begin
    let length = total data in
    free data;
    consumed conn length;
    if !sent < lines then send_line conn else shutdown conn;
    client_readable conn
  end

let rec server_readable conn =
  let data = receive conn in
  if data = 0n then begin if at_end conn then shutdown conn end
  else begin
    let length = total data in
    send conn data;
    consumed conn length;
    server_readable conn
  end

let on_frame from now frame =
  Printf.printf "%d %Ld " from now;
  String.iter (fun byte -> Printf.printf "%02x" (Char.code byte)) frame;
  print_newline ()

let () =
  Callback.register "client_open" send_line;
  Callback.register "client_readable" client_readable;
  Callback.register "server_readable" server_readable;
  Callback.register "on_frame" on_frame;
  let wire = make_wire () in
  let one = make_stack wire 0 in
  let other = make_stack wire 1 in
  listen one;
  ignore (connect other);
  let rec run now =
    if now < 20_000_000_000 then begin
      let first = poll one now in
      let next = min first (poll other now) in
      run (if next > now then next else now + 1000)
    end
  in
  run 0;
  assert (!sent = lines)
