/** The role of operators, who edit names, prefixes and sampling. */

/** The columns of `exporters` that an operator may set. */
const OPERATORS_COLUMNS =
  'name, enabled, sampling_override, sampling_default, sampling_byte_order, sequence_check'

/**
 * Creates the role, or changes its password: the setting `netflow.operator_password` of the session, in
 * the schema `netflow.schema`. The operator reads all, and edits what is for operators. A migration
 * grants these rights on tables that do not exist yet.
 */
export const CREATE_OPERATOR = `
do $$
declare
  password text := current_setting('netflow.operator_password');
  home text := current_setting('netflow.schema');
begin
  if to_regrole('netflow_operator') is null then create role netflow_operator; end if;
  if password = '' then
    alter role netflow_operator nologin password null;
  else
    execute format('alter role netflow_operator login password %L', password);
  end if;
  grant netflow_reader to netflow_operator;
  if home <> 'public' then
    execute format('alter role netflow_operator in database %I set search_path = %I',
      current_database(), home);
  end if;
  if to_regclass(format('%I.exporters', home)) is not null then
    execute format('grant insert (address, ${OPERATORS_COLUMNS}),
      update (${OPERATORS_COLUMNS}) on %I.exporters to netflow_operator', home);
  end if;
  if to_regclass(format('%I.exporter_prefixes', home)) is not null then
    execute format('grant insert, update, delete on %I.exporter_prefixes to netflow_operator', home);
  end if;
end
$$`
