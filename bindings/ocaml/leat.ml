exception Error of int * string

let () = Callback.register_exception "leat_error" (Error (0, ""))

type error = { code : int; detail : string }
type glue = nativeint
type item = nativeint
type buffer = Cstruct.buffer

(* The fields in the order of leat_ml_open(). *)
type config = {
  socket : int; path : string; listen : bool; datagrams : bool; tap : string; passt : bool; tcp : string array;
  udp : string array; addresses : string; gateways : string; name_servers : string; hosts : string; search : string;
  connections : int;
}
[@@warning "-69"]

external glue_open : config -> glue = "leat_ml_open"
external glue_close : glue -> unit = "leat_ml_close"
external glue_free : glue -> unit = "leat_ml_free"
external glue_descriptor : glue -> Unix.file_descr = "leat_ml_descriptor"
external glue_poll : glue -> int = "leat_ml_poll"
external glue_event : glue -> int = "leat_ml_event"
external glue_connect : glue -> int -> string -> int -> item = "leat_ml_connect"
external glue_connected : item -> int -> item = "leat_ml_connected"
external glue_lookup : glue -> int -> string -> int -> item = "leat_ml_lookup"
external glue_found : item -> string array = "leat_ml_found"
external glue_listen : glue -> int -> string -> int -> item = "leat_ml_listen"
external glue_accept : item -> int -> item = "leat_ml_accept"
external glue_read : item -> buffer -> int -> int -> int = "leat_ml_read"
external glue_write : item -> buffer -> int -> int -> int = "leat_ml_write"
external glue_end : item -> int = "leat_ml_end"
external glue_error : item -> int * string = "leat_ml_error"
external glue_ends : item -> (string * int) * (string * int) = "leat_ml_ends"
external glue_udp : glue -> int -> string -> int -> item = "leat_ml_udp"
external glue_send : item -> string -> string -> int -> int = "leat_ml_send"
external glue_receive : item -> (string * (string * int)) option = "leat_ml_receive"
external glue_tls_connect : item -> int -> string -> string -> item = "leat_ml_tls_connect"
external glue_tls_accept : item -> int -> string -> string -> item = "leat_ml_tls_accept"
external glue_release : item -> bool -> unit = "leat_ml_release"
external text_of : int -> string = "leat_ml_text"

let pp_error ppf { code; detail } =
  Format.fprintf ppf "%s%s%s" (text_of code) (if detail = "" then "" else ": ") detail

(* enum leat_err, as in bindings/leat.json *)
let closed_code = 8
let closed = { code = closed_code; detail = "closed" }

(* events of glue.h *)
let readable = 1
let writable = 2
let opened = 4
let gone = 8

type t = {
  mutable glue : glue option; (* None: closed *)
  mutable next : int;
  objects : (int, int -> unit) Hashtbl.t; (* what gets the events of an item *)
  mutable timer : Lwt_engine.event;
  mutable watch : Lwt_engine.event;
  mutable is_due : bool;
}

type device = Socket of Unix.file_descr | Path of string | Tap of string | Passt of { tcp : string list; udp : string list }

(* ---- The loop ---- *)

let tell_events t glue =
  let rec next () =
    let event = glue_event glue in
    if event >= 0 then begin
      (match Hashtbl.find_opt t.objects (event lsr 8) with Some happened -> happened (event land 255) | None -> ());
      if t.glue <> None then next ()
    end
  in
  next ()

let rec poll t =
  t.is_due <- false;
  match t.glue with
  | None -> ()
  | Some glue ->
      let ns = glue_poll glue in
      tell_events t glue;
      if t.glue <> None then begin
        Lwt_engine.stop_event t.timer;
        if ns = 0 then poll_soon t
        else if ns > 0 then
          t.timer <- Lwt_engine.on_timer (float_of_int ns /. 1e9) false (fun event -> Lwt_engine.stop_event event; poll t)
      end

and poll_soon t =
  if not t.is_due then begin
    t.is_due <- true;
    Lwt.async (fun () -> Lwt.map (fun () -> if t.is_due then poll t) (Lwt.pause ()))
  end

let connect ?(gateways = []) ?(name_servers = []) ?(hosts = "") ?(search = "") ?(connections = 0) ~addresses device () =
  let words = String.concat " " in
  let config =
    { socket = -1; path = ""; listen = false; datagrams = false; tap = ""; passt = false; tcp = [||]; udp = [||];
      addresses = words addresses; gateways = words gateways; name_servers = words name_servers; hosts; search;
      connections }
  in
  let config =
    match device with
    | Socket fd -> { config with socket = (Obj.magic fd : int) } (* a descriptor of Unix is a number *)
    | Path path -> { config with path }
    | Tap tap -> { config with tap }
    | Passt { tcp; udp } -> { config with passt = true; tcp = Array.of_list tcp; udp = Array.of_list udp }
  in
  let glue = glue_open config in
  let t =
    { glue = Some glue; next = 0; objects = Hashtbl.create 64; timer = Lwt_engine.fake_event;
      watch = Lwt_engine.fake_event; is_due = false }
  in
  t.watch <- Lwt_engine.on_readable (glue_descriptor glue) (fun _ -> poll t);
  poll t;
  t

let disconnect t =
  match t.glue with
  | None -> ()
  | Some glue ->
      Lwt_engine.stop_event t.timer;
      Lwt_engine.stop_event t.watch;
      glue_close glue;
      t.glue <- None;
      let waiting = Hashtbl.fold (fun _ happened all -> happened :: all) t.objects [] in
      glue_free glue;
      List.iter (fun happened -> happened gone) waiting

let count t = Hashtbl.length t.objects

let enter t happened =
  t.next <- t.next + 1;
  Hashtbl.replace t.objects t.next happened;
  t.next

let leave t number = Hashtbl.remove t.objects number

(* Calls [make number] for an item whose events [happened] gets. *)
let make_item t happened make =
  let number = enter t happened in
  match make number with
  | item -> (number, item)
  | exception failed ->
      leave t number;
      raise failed

let need_glue t = match t.glue with Some glue -> glue | None -> raise (Error (closed_code, "the stack is closed"))
let as_result f = match f () with value -> Ok value | exception Error (code, detail) -> Result.Error { code; detail }

(* A thread that waits for an event; cancelling it is allowed. *)
type waiter = unit Lwt.u option ref

let wait (waiter : waiter) =
  if !waiter <> None then failwith "leat: another thread waits for this";
  let thread, wakener = Lwt.task () in
  waiter := Some wakener;
  Lwt.on_cancel thread (fun () -> waiter := None);
  thread

let wake (waiter : waiter) =
  match !waiter with
  | None -> ()
  | Some wakener ->
      waiter := None;
      Lwt.wakeup_later wakener ()

(* A question: waits for the answer to an item, and takes it. *)
let ask t begin_ take =
  let open Lwt.Infix in
  match
    let glue = need_glue t in
    let waiter = ref None in
    let number, item = make_item t (fun _ -> wake waiter) (begin_ glue) in
    (number, item, wait waiter)
  with
  | exception Error (code, detail) -> Lwt.return_error { code; detail }
  | number, item, answered ->
      poll_soon t;
      Lwt.finalize
        (fun () -> answered >|= fun () -> as_result (fun () -> take item))
        (fun () ->
          leave t number;
          glue_release item false; (* cancels it, if it has no answer *)
          Lwt.return_unit)

module Flow = struct
  type nonrec error = error

  let pp_error = pp_error

  type write_error = [ `Closed | `Error of error ]

  let pp_write_error ppf = function
    | `Closed -> Format.pp_print_string ppf "the flow is closed"
    | `Error error -> pp_error ppf error

  type flow = {
    stack : t;
    number : int;
    mutable item : item option; (* None: closed by us *)
    reader : waiter;
    writer : waiter;
    opening : waiter;
    mutable is_open : bool;
    mutable is_lost : bool;
    mutable is_read : bool; (* to the end, or as far as the program wants *)
    mutable is_written : bool; (* our side was ended *)
    mutable room : Cstruct.t; (* for the next data *)
    dst : string * int;
  }

  let room_bytes = 65536

  (* A flow of the item that [make number] returns; None: there is none (0). *)
  let of_item stack make =
    let reader = ref None and writer = ref None and opening = ref None in
    let self = ref None in
    let happened events =
      let is what = events land (what lor gone) <> 0 in
      Option.iter
        (fun flow ->
          if events land opened <> 0 then flow.is_open <- true;
          if events land gone <> 0 then flow.is_lost <- true)
        !self;
      if is readable then wake reader;
      if is writable then wake writer;
      if is opened then wake opening
    in
    let number, item = make_item stack happened make in
    if item = 0n then begin
      leave stack number;
      None
    end
    else begin
      let flow =
        { stack; number; item = Some item; reader; writer; opening; is_open = false; is_lost = false;
          is_read = false; is_written = false; room = Cstruct.empty; dst = snd (glue_ends item) }
      in
      self := Some flow;
      Some flow
    end

  let dst flow = flow.dst

  let error_of item =
    let code, detail = glue_error item in
    { code; detail }

  let rec read flow =
    match flow.item with
    | None -> Lwt.return_error closed
    | Some _ when flow.is_read -> Lwt.return_ok `Eof
    | Some item ->
        if Cstruct.length flow.room < 2048 then flow.room <- Cstruct.create_unsafe room_bytes;
        let { Cstruct.buffer; off; len } = flow.room in
        let count = glue_read item buffer off len in
        if count > 0 then begin
          let data, rest = Cstruct.split flow.room count in
          flow.room <- rest;
          poll_soon flow.stack; (* the window may have opened *)
          Lwt.return_ok (`Data data)
        end
        else if count = 0 then Lwt.return_ok `Eof
        else if count = -1 then Lwt.bind (wait flow.reader) (fun () -> read flow)
        else Lwt.return_error (error_of item)

  let rec write flow data =
    match flow.item with
    | None -> Lwt.return_error `Closed
    | Some _ when flow.is_written -> Lwt.return_error `Closed
    | Some item ->
        let { Cstruct.buffer; off; len } = data in
        let count = if len = 0 then 0 else glue_write item buffer off len in
        if count = -2 then
          let error = error_of item in
          Lwt.return_error (if error.code = closed_code then `Closed else `Error error)
        else if count = -1 then Lwt.bind (wait flow.writer) (fun () -> write flow data)
        else begin
          poll_soon flow.stack;
          if count = len then Lwt.return_ok () else write flow (Cstruct.shift data count)
        end

  let rec writev flow = function
    | [] -> Lwt.return_ok ()
    | data :: rest -> Lwt.bind (write flow data) (function Ok () -> writev flow rest | failed -> Lwt.return failed)

  let release flow abort =
    match flow.item with
    | None -> ()
    | Some item ->
        flow.item <- None;
        leave flow.stack flow.number;
        glue_release item abort;
        List.iter wake [ flow.reader; flow.writer; flow.opening ];
        poll_soon flow.stack

  let abort flow = release flow true
  let close flow = release flow false; Lwt.return_unit

  let shutdown_read flow =
    flow.is_read <- true;
    wake flow.reader

  let shutdown_write flow =
    flow.is_written <- true;
    Option.iter
      (fun item ->
        ignore (glue_end item);
        poll_soon flow.stack)
      flow.item

  let shutdown flow how =
    (match how with
    | `read -> shutdown_read flow
    | `write -> shutdown_write flow
    | `read_write ->
        shutdown_read flow;
        shutdown_write flow);
    Lwt.return_unit
end

module Tcp = struct
  type listener = { stack : t; number : int; mutable item : item option }

  let create_connection t (host, port) =
    ask t
      (fun glue number -> glue_connect glue number host port)
      (fun item -> Option.get (Flow.of_item t (fun number -> glue_connected item number)))

  let unlisten listener =
    match listener.item with
    | None -> ()
    | Some item ->
        listener.item <- None;
        leave listener.stack listener.number;
        glue_release item false;
        poll_soon listener.stack

  let serve handler flow =
    Lwt.async (fun () -> Lwt.finalize (fun () -> handler flow) (fun () -> Flow.close flow))

  let listen t ~port handler =
    let self = ref None in
    let rec accept_all item =
      match Flow.of_item t (fun number -> glue_accept item number) with
      | None -> ()
      | Some flow ->
          serve handler flow;
          again ()
    and again () = match !self with Some { item = Some item; _ } -> accept_all item | _ -> () in
    let number, item = make_item t (fun _ -> again ()) (fun number -> glue_listen (need_glue t) number "" port) in
    let listener = { stack = t; number; item = Some item } in
    self := Some listener;
    listener
end

module Tls = struct
  (* The session that [make] makes of a flow, once it is open. *)
  let session (below : Flow.flow) make =
    let rec opened (flow : Flow.flow) =
      match flow.item with
      | _ when flow.is_open -> Lwt.return_ok flow
      | Some item when flow.is_lost ->
          let error = Flow.error_of item in
          Flow.abort flow;
          Lwt.return_error error
      | None -> Lwt.return_error closed
      | Some _ -> Lwt.bind (wait flow.opening) (fun () -> opened flow)
    in
    match below.item with
    | None -> Lwt.return_error closed
    | Some item -> (
        match as_result (fun () -> Option.get (Flow.of_item below.stack (fun number -> make item number))) with
        | Error error ->
            Flow.abort below;
            Lwt.return_error error
        | Ok flow ->
            Flow.abort below;
            opened flow)

  let client flow ~name ~authorities = session flow (fun item number -> glue_tls_connect item number name authorities)
  let server flow ~certificates ~key = session flow (fun item number -> glue_tls_accept item number certificates key)
end

module Udp = struct
  type socket = { stack : t; number : int; mutable item : item option; reader : waiter }

  let listen t ~port =
    let reader = ref None in
    let number, item = make_item t (fun _ -> wake reader) (fun number -> glue_udp (need_glue t) number "" port) in
    { stack = t; number; item = Some item; reader }

  let port socket = match socket.item with Some item -> snd (fst (glue_ends item)) | None -> 0

  let write socket ~dst:(ip, port) data =
    match socket.item with
    | None -> Result.Error closed
    | Some item ->
        let code = glue_send item data ip port in
        if code = 0 then begin
          poll_soon socket.stack;
          Ok ()
        end
        else Error { code; detail = ip }

  let rec read socket =
    match socket.item with
    | None -> Lwt.return_error closed
    | Some item -> (
        match as_result (fun () -> glue_receive item) with
        | Ok (Some datagram) -> Lwt.return_ok datagram
        | Ok None -> Lwt.bind (wait socket.reader) (fun () -> read socket)
        | Error error -> Lwt.return_error error)

  let close socket =
    match socket.item with
    | None -> ()
    | Some item ->
        socket.item <- None;
        leave socket.stack socket.number;
        glue_release item false;
        wake socket.reader
end

let lookup t name =
  let open Lwt.Infix in
  let ask_for kind = ask t (fun glue number -> glue_lookup glue number name kind) glue_found in
  let sixes = ask_for 28 and fours = ask_for 1 in
  sixes >>= fun sixes ->
  fours >|= fun fours ->
  match (sixes, fours) with
  | Ok a, Ok b -> Ok (Array.to_list a @ Array.to_list b)
  | Ok found, Error _ | Error _, Ok found -> Ok (Array.to_list found)
  | Error _, Error error -> Error error
