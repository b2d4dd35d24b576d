-- Names as the registry of IANA has them, of services that are seen on networks today. A port has a
-- name of its own under UDP where the two protocols differ.
create or replace function service_name(protocol smallint, port integer) returns text
language sql immutable parallel safe
return case
  when protocol = 17 then coalesce(
    jsonb '{
      "53": "domain", "67": "bootps", "68": "bootpc", "69": "tftp", "80": "http3", "88": "kerberos",
      "123": "ntp", "137": "netbios-ns", "138": "netbios-dgm", "161": "snmp", "162": "snmptrap",
      "177": "xdmcp", "319": "ptp-event", "320": "ptp-general", "443": "quic", "500": "isakmp",
      "512": "biff", "513": "who", "514": "syslog", "517": "talk", "520": "rip", "521": "ripng",
      "546": "dhcpv6-client", "547": "dhcpv6-server", "623": "ipmi", "853": "domain-q",
      "1434": "ms-sql-m", "1645": "radius", "1646": "radius-acct", "1701": "l2tp", "1812": "radius",
      "1813": "radius-acct", "1900": "ssdp", "1985": "hsrp", "2055": "netflow", "2123": "gtp-control",
      "2152": "gtp-user", "3478": "stun", "3544": "teredo", "3702": "ws-discovery", "3784": "bfd",
      "4500": "ipsec-nat-t", "4739": "ipfix", "4784": "bfd-multihop", "4789": "vxlan", "5004": "rtp",
      "5005": "rtcp", "5060": "sip", "5061": "sips", "5246": "capwap-control", "5247": "capwap-data",
      "5349": "stuns", "5351": "nat-pmp", "5353": "mdns", "5355": "llmnr", "5683": "coap",
      "6081": "geneve", "6343": "sflow", "9995": "netflow", "9996": "netflow", "33434": "traceroute",
      "47808": "bacnet", "51820": "wireguard"
    }' ->> port::text,
    jsonb '{
      "7": "echo", "9": "discard", "19": "chargen", "37": "time", "111": "sunrpc", "389": "ldap",
      "427": "svrloc", "464": "kpasswd", "554": "rtsp", "636": "ldaps", "1194": "openvpn",
      "2049": "nfs", "3389": "ms-wbt-server", "11211": "memcache"
    }' ->> port::text)
  when protocol in (6, 132) then
    jsonb '{
      "7": "echo", "9": "discard", "19": "chargen", "20": "ftp-data", "21": "ftp", "22": "ssh",
      "23": "telnet", "25": "smtp", "37": "time", "43": "whois", "49": "tacacs", "53": "domain",
      "70": "gopher", "79": "finger", "80": "http", "88": "kerberos", "102": "iso-tsap", "110": "pop3",
      "111": "sunrpc", "113": "ident", "119": "nntp", "135": "epmap", "139": "netbios-ssn",
      "143": "imap", "161": "snmp", "179": "bgp", "194": "irc", "389": "ldap", "427": "svrloc",
      "443": "https", "445": "microsoft-ds", "464": "kpasswd", "465": "submissions", "502": "mbap",
      "512": "exec", "513": "login", "514": "shell", "515": "printer", "543": "klogin", "544": "kshell",
      "548": "afpovertcp", "554": "rtsp", "563": "nntps", "587": "submission", "593": "http-rpc-epmap",
      "631": "ipp", "636": "ldaps", "639": "msdp", "646": "ldp", "830": "netconf-ssh",
      "853": "domain-s", "873": "rsync", "902": "vmware-auth", "989": "ftps-data", "990": "ftps",
      "993": "imaps", "995": "pop3s", "1080": "socks", "1194": "openvpn", "1352": "lotusnote",
      "1433": "ms-sql-s", "1521": "oracle", "1720": "h323hostcall", "1723": "pptp", "1883": "mqtt",
      "2049": "nfs", "2181": "zookeeper", "2375": "docker", "2376": "docker-s", "2379": "etcd-client",
      "2380": "etcd-server", "2404": "iec-104", "3128": "squid", "3260": "iscsi-target",
      "3268": "msft-gc", "3269": "msft-gc-ssl", "3306": "mysql", "3389": "ms-wbt-server",
      "3478": "stun", "3690": "svn", "4369": "epmd", "4739": "ipfix", "5060": "sip", "5061": "sips",
      "5201": "iperf3", "5222": "xmpp-client", "5269": "xmpp-server", "5432": "postgresql",
      "5601": "kibana", "5671": "amqps", "5672": "amqp", "5900": "rfb", "5938": "teamviewer",
      "5984": "couchdb", "5985": "wsman", "5986": "wsmans", "6379": "redis", "6443": "kubernetes",
      "6514": "syslog-tls", "6633": "openflow", "6653": "openflow", "6667": "ircu", "7000": "cassandra",
      "8008": "http-alt", "8080": "http-alt", "8081": "http-alt", "8443": "https-alt",
      "8883": "secure-mqtt", "9000": "cslistener", "9042": "cql", "9090": "prometheus",
      "9092": "kafka", "9100": "pdl-datastream", "9200": "elasticsearch", "9418": "git",
      "10050": "zabbix-agent", "10051": "zabbix-trapper", "11211": "memcache",
      "20000": "dnp", "25565": "minecraft", "27017": "mongodb", "44818": "ethernet-ip",
      "50051": "grpc"
    }' ->> port::text
end;
comment on function service_name is 'Name of a service by protocol and port; NULL: it has none here.';
