create or replace function tcp_flag_letters(tcp_flags smallint) returns text
language sql immutable parallel safe
return case when tcp_flags & 256 <> 0 then 'N' else '' end
  || case when tcp_flags & 128 <> 0 then 'C' else '.' end
  || case when tcp_flags & 64 <> 0 then 'E' else '.' end
  || case when tcp_flags & 32 <> 0 then 'U' else '.' end
  || case when tcp_flags & 16 <> 0 then 'A' else '.' end
  || case when tcp_flags & 8 <> 0 then 'P' else '.' end
  || case when tcp_flags & 4 <> 0 then 'R' else '.' end
  || case when tcp_flags & 2 <> 0 then 'S' else '.' end
  || case when tcp_flags is null then null when tcp_flags & 1 <> 0 then 'F' else '.' end;
comment on function tcp_flag_letters is 'TCP flags as letters: CWR, ECE, URG, ACK, PSH, RST, SYN, FIN, and a dot for each that is not set, as in ...AP.SF. N before them: the nonce sum.';
