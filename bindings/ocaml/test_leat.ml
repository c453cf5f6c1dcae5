(* The list of tests that each binding passes: two stacks in one process, on the ends of a UNIX socket.
   LEAT_TEST_CERTIFICATE and LEAT_TEST_KEY name files with PEM, for server.example. *)
open Lwt.Infix
module Flow = Leat.Flow

let server = "10.0.0.1"
let refused = 10
let reset = 11
let not_found = 17
let closed = 8

let ok what = function
  | Ok value -> value
  | Error error -> failwith (Format.asprintf "%s: %a" what Leat.pp_error error)

let written = function Ok () -> () | Error error -> failwith (Format.asprintf "%a" Flow.pp_write_error error)
let code = function Ok _ -> -1 | Error { Leat.code; _ } -> code
let write flow text = Flow.write flow (Cstruct.of_string text) >|= written

(* Exactly so many bytes. *)
let read_exactly flow count =
  let got = Buffer.create count in
  let rec more () =
    if Buffer.length got >= count then Lwt.return (Buffer.contents got)
    else
      Flow.read flow >>= function
      | Ok (`Data data) ->
          Buffer.add_string got (Cstruct.to_string data);
          more ()
      | Ok `Eof -> failwith "an early end"
      | Error error -> failwith (Format.asprintf "%a" Leat.pp_error error)
  in
  more ()

let rec read_all flow got =
  Flow.read flow >>= function
  | Ok (`Data data) -> read_all flow (got ^ Cstruct.to_string data)
  | _ -> Lwt.return got

(* The signature of mirage-flow 4, Mirage_flow.S, which Debian has no package of. *)
module type FLOW = sig
  type error
  type write_error = private [> `Closed ]
  type flow

  val pp_error : Format.formatter -> error -> unit
  val pp_write_error : Format.formatter -> write_error -> unit
  val read : flow -> ([ `Data of Cstruct.t | `Eof ], error) result Lwt.t
  val write : flow -> Cstruct.t -> (unit, write_error) result Lwt.t
  val writev : flow -> Cstruct.t list -> (unit, write_error) result Lwt.t
  val shutdown : flow -> [< `read | `write | `read_write ] -> unit Lwt.t
  val close : flow -> unit Lwt.t
end

(* A program for any flow. *)
module Asking (F : FLOW) = struct
  let ask flow words =
    F.writev flow words >>= function
    | Error error -> Lwt.fail_with (Format.asprintf "%a" F.pp_write_error error)
    | Ok () -> (
        F.shutdown flow `write >>= fun () ->
        let rec all got =
          F.read flow >>= function
          | Ok (`Data data) -> all (got ^ Cstruct.to_string data)
          | Ok `Eof -> Lwt.return got
          | Error error -> Lwt.fail_with (Format.asprintf "%a" F.pp_error error)
        in
        all "" >>= fun got ->
        F.write flow (Cstruct.of_string "late") >>= function
        | Error `Closed -> F.close flow >|= fun () -> got
        | _ -> Lwt.fail_with "wrote behind its end")
end

module Asking_leat = Asking (Leat.Flow)

let rec echo flow =
  Flow.read flow >>= function
  | Ok (`Data data) -> Flow.write flow data >>= ( function Ok () -> echo flow | Error _ -> Lwt.return_unit )
  | _ -> Lwt.return_unit

let two test () =
  let a, b = Unix.socketpair Unix.PF_UNIX Unix.SOCK_STREAM 0 in
  let one = Leat.connect ~addresses:[ "10.0.0.1/24" ] (Leat.Socket a) () in
  let other = Leat.connect ~addresses:[ "10.0.0.2/24" ] ~name_servers:[ server ] (Leat.Socket b) () in
  Lwt.finalize
    (fun () -> test one other)
    (fun () ->
      Leat.disconnect one;
      Leat.disconnect other;
      Lwt.return_unit)

let dial stack = Leat.Tcp.create_connection stack (server, 7) >|= ok "connect"

let echo_both_ways one other =
  let _ = Leat.Tcp.listen one ~port:7 echo in
  dial other >>= fun flow ->
  assert (Flow.dst flow = (server, 7));
  let sent = String.init (1 lsl 20) (fun i -> Char.chr (i * 2654435761 lsr 24 land 255)) in
  let writing = write flow sent >>= fun () -> Flow.shutdown flow `write in
  read_exactly flow (String.length sent) >>= fun got ->
  assert (got = sent);
  writing >>= fun () ->
  Flow.read flow >>= fun ended ->
  assert (ended = Ok `Eof);
  Flow.close flow

let any_flow one other =
  let _ = Leat.Tcp.listen one ~port:7 echo in
  dial other >>= fun flow ->
  Asking_leat.ask flow (List.map Cstruct.of_string [ "words "; ""; "of a flow" ]) >>= fun got ->
  assert (got = "words of a flow");
  dial other >>= fun flow ->
  let waiting = Flow.read flow in
  Flow.shutdown flow `read >>= fun () ->
  waiting >>= fun got ->
  assert (got = Ok `Eof);
  write flow "x" >>= fun () ->
  Flow.read flow >>= fun got ->
  assert (got = Ok `Eof);
  Flow.shutdown flow `read_write >>= fun () -> Flow.close flow

let contains text part =
  let n = String.length part in
  let rec from i = i + n <= String.length text && (String.sub text i n = part || from (i + 1)) in
  from 0

let http one other =
  let serve flow =
    let rec head got =
      if contains got "\r\n\r\n" then Lwt.return got
      else Flow.read flow >>= function Ok (`Data data) -> head (got ^ Cstruct.to_string data) | _ -> failwith "head"
    in
    head "" >>= fun request ->
    let body = "you asked for " ^ List.nth (String.split_on_char ' ' request) 1 in
    write flow (Printf.sprintf "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" (String.length body) body)
  in
  let _ = Leat.Tcp.listen one ~port:80 serve in
  Leat.Tcp.create_connection other (server, 80) >|= ok "connect" >>= fun flow ->
  write flow "GET /a HTTP/1.1\r\nHost: leat\r\n\r\n" >>= fun () ->
  read_all flow "" >>= fun answer ->
  assert (String.sub answer 0 12 = "HTTP/1.1 200" && contains answer "\r\n\r\nyou asked for /a");
  Flow.close flow

let datagrams one other =
  let there = Leat.Udp.listen one ~port:9 and ours = Leat.Udp.listen other ~port:0 in
  ok "send" (Leat.Udp.write ours ~dst:(server, 9) "there");
  Leat.Udp.read there >|= ok "receive" >>= fun (data, peer) ->
  assert (data = "there" && peer = ("10.0.0.2", Leat.Udp.port ours));
  ok "send" (Leat.Udp.write there ~dst:peer "");
  Leat.Udp.read ours >|= ok "receive" >>= fun answer ->
  assert (answer = ("", (server, 9)));
  ok "send" (Leat.Udp.write ours ~dst:(server, 10) "nobody");
  Leat.Udp.read ours >|= fun failed -> assert (code failed = refused)

let names one other =
  let socket = Leat.Udp.listen one ~port:53 in
  let rec answer () =
    Leat.Udp.read socket >>= function
    | Error _ -> Lwt.return_unit
    | Ok (query, peer) ->
        let stop = String.index_from query 12 '\000' + 5 in
        let found = query.[stop - 3] = '\001' in
        let record = if found then "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x01" else "" in
        ok "answer"
          (Leat.Udp.write socket ~dst:peer
             (String.sub query 0 2 ^ "\x81\x80\x00\x01\x00" ^ (if found then "\001" else "\000") ^ "\000\000\000\000"
            ^ String.sub query 12 (stop - 12) ^ record));
        answer ()
  in
  Lwt.async answer;
  let _ = Leat.Tcp.listen one ~port:7 echo in
  Leat.lookup other "host.example" >|= ok "lookup" >>= fun found ->
  assert (found = [ server ]);
  Leat.Tcp.create_connection other ("host.example", 7) >|= ok "connect" >>= fun flow ->
  write flow "by name" >>= fun () ->
  read_exactly flow 7 >>= fun got ->
  assert (got = "by name");
  Leat.lookup one "host.example" >|= fun failed -> assert (code failed = not_found)

let pem variable =
  let file = open_in_bin (Sys.getenv variable) in
  let text = really_input_string file (in_channel_length file) in
  close_in file;
  text

let tls one other =
  let certificates = pem "LEAT_TEST_CERTIFICATE" and key = pem "LEAT_TEST_KEY" in
  let serve below =
    Leat.Tls.server below ~certificates ~key >>= function
    | Ok flow -> echo flow >>= fun () -> Flow.close flow
    | Error _ -> Lwt.return_unit
  in
  let _ = Leat.Tcp.listen one ~port:443 serve in
  let connect name =
    Leat.Tcp.create_connection other (server, 443) >|= ok "connect" >>= fun below ->
    Leat.Tls.client below ~name ~authorities:certificates
  in
  connect "server.example" >|= ok "TLS" >>= fun flow ->
  let sent = String.concat "" (List.init 10000 (fun _ -> "secret")) in
  let writing = write flow sent in
  read_exactly flow (String.length sent) >>= fun got ->
  assert (got = sent);
  writing >>= fun () ->
  connect "other.example" >|= fun failed -> assert (code failed = 24)

let deadline one other =
  let _ = Leat.Tcp.listen one ~port:7 echo in
  dial other >>= fun flow ->
  Lwt.catch
    (fun () -> Lwt_unix.with_timeout 0.05 (fun () -> Flow.read flow) >|= fun _ -> assert false)
    (function Lwt_unix.Timeout -> Lwt.return_unit | failed -> Lwt.fail failed)
  >>= fun () ->
  write flow "still" >>= fun () ->
  read_exactly flow 5 >|= fun got -> assert (got = "still")

let cancelled _ other =
  let attempts = List.init 10 (fun _ -> Leat.Tcp.create_connection other ("10.0.0.77", 7)) in
  Lwt_unix.sleep 0.02 >>= fun () ->
  assert (Leat.count other = 10);
  List.iter Lwt.cancel attempts;
  Lwt_unix.sleep 0.01 >|= fun () -> assert (Leat.count other = 0)

let refused_and_reset one other =
  Leat.Tcp.create_connection other (server, 8) >>= fun failed ->
  assert (code failed = refused);
  let _ = Leat.Tcp.listen one ~port:7 (fun flow -> Flow.abort flow; Lwt.return_unit) in
  dial other >>= fun flow ->
  Flow.read flow >|= fun failed -> assert (code failed = reset)

let close_inside one other =
  let _ = Leat.Tcp.listen one ~port:7 echo in
  dial other >>= fun flow ->
  let reading =
    Flow.read flow >>= fun got ->
    (* this runs from the poll that has read the data *)
    Leat.disconnect other;
    Flow.close flow >|= fun () -> got
  in
  write flow "x" >>= fun () ->
  reading >>= fun got ->
  (match got with Ok (`Data data) -> assert (Cstruct.to_string data = "x") | _ -> assert false);
  Flow.read flow >|= fun failed -> assert (code failed = closed)

let use_after_close one other =
  let listener = Leat.Tcp.listen one ~port:7 echo in
  dial other >>= fun flow ->
  dial other >>= fun kept ->
  let socket = Leat.Udp.listen other ~port:0 in
  let waiting = Flow.read kept in
  Flow.close flow >>= fun () ->
  Flow.close flow >>= fun () ->
  Flow.write flow (Cstruct.of_string "x") >>= fun failed ->
  assert (failed = Error `Closed);
  Flow.shutdown flow `write >>= fun () ->
  Flow.read flow >>= fun failed ->
  assert (code failed = closed);
  Leat.disconnect other;
  Leat.disconnect other;
  waiting >>= fun failed ->
  assert (code failed = closed);
  Flow.write kept (Cstruct.of_string "x") >>= fun failed ->
  assert (failed = Error `Closed);
  assert (code (Leat.Udp.write socket ~dst:(server, 9) "") = closed);
  Leat.Udp.read socket >>= fun failed ->
  assert (code failed = closed);
  Leat.Tcp.create_connection other (server, 7) >>= fun failed ->
  assert (code failed = closed);
  Leat.lookup other "a" >>= fun failed ->
  assert (code failed = closed);
  (match Leat.Udp.listen other ~port:1 with _ -> assert false | exception Leat.Error (code, _) -> assert (code = closed));
  Leat.Tcp.unlisten listener;
  Leat.Tcp.unlisten listener;
  Leat.Udp.close socket;
  Leat.Udp.close socket;
  Flow.close kept >|= fun () -> Gc.full_major ()

let a_thousand one other =
  let _ = Leat.Tcp.listen one ~port:7 echo in
  let flows = ref [] in
  let places = Lwt_pool.create 100 Lwt.return (* the backlog of the listener *) in
  Lwt_list.iter_p
    (fun number ->
      Lwt_pool.use places (fun () -> dial other) >>= fun flow ->
      flows := flow :: !flows;
      let text = Printf.sprintf "%04d" number in
      write flow text >>= fun () ->
      read_exactly flow 4 >|= fun got -> assert (got = text))
    (List.init 1000 Fun.id)
  >>= fun () ->
  assert (List.length !flows = 1000 && Leat.count other = 1000);
  Lwt_list.iter_s Flow.close !flows

let tests =
  [ ("echo of many bytes both ways", echo_both_ways); ("a program for any flow of mirage-flow", any_flow); ("HTTP in both directions", http);
    ("datagrams and the error of a closed port", datagrams); ("lookup and connect by name", names);
    ("TLS, and a server that is not trusted", tls); ("a deadline ends a wait, and the flow goes on", deadline);
    ("cancelled connects leave nothing", cancelled); ("refused and reset are errors", refused_and_reset);
    ("close inside of a callback", close_inside); ("use after close is an error", use_after_close);
    ("a thousand connections at a time", a_thousand) ]

let () =
  List.iter
    (fun (name, test) ->
      if Array.length Sys.argv < 2 || not (List.mem name (List.tl (Array.to_list Sys.argv))) then begin
        Lwt_main.run (Lwt_unix.with_timeout 300. (two test));
        Printf.printf "ok: %s\n%!" name
      end)
    tests
