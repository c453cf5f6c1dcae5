(** leat, a TCP/IP stack in user space, for programs with Lwt and Cstruct.

    A stack runs in Lwt's loop, in one thread. Everything that is closed stays usable: its functions return [`Closed] or
    an error, and never crash. Data is copied once in each direction. *)

(** The number of [enum leat_err], and details. *)
exception Error of int * string

type error = { code : int; detail : string }

val pp_error : Format.formatter -> error -> unit

(** A stack on one device. *)
type t

(** The source of frames. *)
type device =
  | Socket of Unix.file_descr  (** a connected UNIX socket, which is taken *)
  | Path of string  (** the UNIX socket of QEMU or another program *)
  | Tap of string  (** a TAP device *)
  | Passt of { tcp : string list; udp : string list }
      (** the network of this machine without root; the ports that passt forwards *)

(** [connect device ~addresses:["10.0.2.15/24"] ~gateways:["10.0.2.2"] ()] opens a stack. Raises {!Error}. *)
val connect :
  ?gateways:string list -> ?name_servers:string list -> ?hosts:string -> ?search:string -> ?connections:int ->
  addresses:string list -> device -> unit -> t

(** Closes everything at once; whatever waits gets an error. It does nothing to a stack that is closed. *)
val disconnect : t -> unit

(** Objects of the stack that are not closed, for tests. *)
val count : t -> int

(** Flows, with the signature of [Mirage_flow.S] since version 4 of mirage-flow. *)
module Flow : sig
  type nonrec error = error

  val pp_error : Format.formatter -> error -> unit

  type write_error = [ `Closed | `Error of error ]

  val pp_write_error : Format.formatter -> write_error -> unit

  type flow

  (** Data that has arrived, once there is some; one reader at a time. Cancelling leaves the flow as it was. *)
  val read : flow -> ([ `Data of Cstruct.t | `Eof ], error) result Lwt.t

  (** Queues all of it, and waits for room as often as needed. *)
  val write : flow -> Cstruct.t -> (unit, write_error) result Lwt.t

  val writev : flow -> Cstruct.t list -> (unit, write_error) result Lwt.t

  (** [`write] ends our side: the peer may still send, and a later write returns [`Closed]. [`read]: later reads return
      [`Eof], and so does one that waits; the peer isn't told. *)
  val shutdown : flow -> [< `read | `write | `read_write ] -> unit Lwt.t

  (** Closes both directions; queued data is still delivered. It does nothing to a flow that is closed. *)
  val close : flow -> unit Lwt.t

  (** Closes at once; the peer sees a reset. *)
  val abort : flow -> unit

  (** The peer's address and port. *)
  val dst : flow -> string * int
end

(** TCP: the functions of [Tcpip.Tcp.S] with hosts as text, and with listeners as values. *)
module Tcp : sig
  type listener

  (** To a host, by name or address. Cancelling leaves nothing. *)
  val create_connection : t -> string * int -> (Flow.flow, error) result Lwt.t

  (** Serves each connection of a port by a thread of its own; the flow is closed when that ends. Raises {!Error}. *)
  val listen : t -> port:int -> (Flow.flow -> unit Lwt.t) -> listener

  val unlisten : listener -> unit
end

(** TLS 1.3 on a flow, which belongs to the session from then on. All texts are PEM. *)
module Tls : sig
  val client : Flow.flow -> name:string -> authorities:string -> (Flow.flow, error) result Lwt.t
  val server : Flow.flow -> certificates:string -> key:string -> (Flow.flow, error) result Lwt.t
end

module Udp : sig
  type socket

  (** Port 0: any. Raises {!Error}. *)
  val listen : t -> port:int -> socket

  val port : socket -> int
  val write : socket -> dst:string * int -> string -> (unit, error) result

  (** The next datagram and its sender; an error of ICMP about an earlier one that was sent. *)
  val read : socket -> (string * (string * int), error) result Lwt.t

  val close : socket -> unit
end

(** The addresses of a name, from the name servers: first IPv6, then IPv4. *)
val lookup : t -> string -> (string list, error) result Lwt.t
