"""How the sample company's records lie in SQLite: four tables, written from records and read back.

In comes a connection and a record, or an account number; out comes the record. Synchronous: the
service in ``sample`` runs it in a worker thread.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from voiceagent.domain.account import (
    AccountRecord,
    CaseNote,
    Customer,
    Invoice,
    InvoiceStatus,
    Money,
    Payment,
    Plan,
)

metadata = sa.MetaData()

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("phone", sa.String, nullable=False, unique=True),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("time_zone", sa.String, nullable=False),
    sa.Column("street", sa.String, nullable=False),
    sa.Column("city", sa.String, nullable=False),
    sa.Column("postal_code", sa.String, nullable=False),
    sa.Column("currency", sa.String, nullable=False),
    sa.Column("plan_name", sa.String, nullable=False),
    sa.Column("plan_price_minor", sa.Integer, nullable=False),
    sa.Column("callback_reason", sa.String, nullable=False),
)


def _owner() -> sa.Column[str]:
    return sa.Column("customer_id", sa.ForeignKey("customers.id"), nullable=False, index=True)


invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    _owner(),
    sa.Column("period", sa.String, nullable=False),
    sa.Column("amount_minor", sa.Integer, nullable=False),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("status", sa.String, nullable=False),
)
payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    _owner(),
    sa.Column("invoice_id", sa.ForeignKey("invoices.id"), nullable=False),
    sa.Column("amount_minor", sa.Integer, nullable=False),
    sa.Column("received", sa.Date, nullable=False),
    sa.Column("method", sa.String, nullable=False),
)
cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    _owner(),
    sa.Column("opened", sa.Date, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("promise", sa.String, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
)


def write(connection: sa.Connection, record: AccountRecord) -> None:
    """Insert a customer with everything that belongs to them."""
    owner = record.customer.id
    connection.execute(sa.insert(customers).values(_customer_row(record)))
    for invoice in record.invoices:
        connection.execute(
            sa.insert(invoices).values(
                id=invoice.id,
                customer_id=owner,
                period=invoice.period,
                amount_minor=invoice.amount.minor,
                due=invoice.due,
                status=invoice.status.value,
            )
        )
    for payment in record.payments:
        connection.execute(
            sa.insert(payments).values(
                id=payment.id,
                customer_id=owner,
                invoice_id=payment.invoice_id,
                amount_minor=payment.amount.minor,
                received=payment.received,
                method=payment.method,
            )
        )
    for note in record.cases:
        connection.execute(sa.insert(cases).values(case_row(owner, note)))


def _customer_row(record: AccountRecord) -> dict[str, str | int]:
    who = record.customer
    return {
        "id": who.id,
        "name": who.name,
        "phone": who.phone,
        "language": who.language,
        "time_zone": who.time_zone,
        "street": who.street,
        "city": who.city,
        "postal_code": who.postal_code,
        "currency": record.plan.monthly_price.currency,
        "plan_name": record.plan.name,
        "plan_price_minor": record.plan.monthly_price.minor,
        "callback_reason": record.callback_reason,
    }


def case_row(owner: str, note: CaseNote) -> dict[str, Any]:
    """A case as a row of its table."""
    return {
        "id": note.id,
        "customer_id": owner,
        "opened": note.opened,
        "subject": note.subject,
        "promise": note.promise,
        "settled": note.settled,
    }


def read(connection: sa.Connection, account_id: str) -> AccountRecord | None:
    """The record of one account, its lists oldest first, or None."""

    def rows(table: sa.Table, *order: sa.Column[Any]) -> list[dict[str, Any]]:
        wanted = sa.select(table).where(table.c.customer_id == account_id).order_by(*order)
        return [dict(row) for row in connection.execute(wanted).mappings()]

    wanted = sa.select(customers).where(customers.c.id == account_id)
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        return None
    return _record(
        dict(row),
        invoices=rows(invoices, invoices.c.period, invoices.c.id),
        payments=rows(payments, payments.c.received, payments.c.id),
        cases=rows(cases, cases.c.opened, cases.c.id),
    )


def _record(
    row: dict[str, Any],
    *,
    invoices: list[dict[str, Any]],
    payments: list[dict[str, Any]],
    cases: list[dict[str, Any]],
) -> AccountRecord:
    currency = row["currency"]
    who = {key: row[key] for key in Customer.__dataclass_fields__}
    return AccountRecord(
        customer=Customer(**who),
        plan=Plan(row["plan_name"], Money(row["plan_price_minor"], currency)),
        invoices=tuple(
            Invoice(
                i["id"],
                i["period"],
                Money(i["amount_minor"], currency),
                i["due"],
                InvoiceStatus(i["status"]),
            )
            for i in invoices
        ),
        payments=tuple(
            Payment(
                p["id"],
                p["invoice_id"],
                Money(p["amount_minor"], currency),
                p["received"],
                p["method"],
            )
            for p in payments
        ),
        cases=tuple(
            CaseNote(c["id"], c["opened"], c["subject"], c["promise"], c["settled"]) for c in cases
        ),
        callback_reason=row["callback_reason"],
    )
